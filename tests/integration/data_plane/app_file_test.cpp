// Logs and pid files of apps of other users: by no link of theirs does kpmd write what they may not. Needs
// root, as kpmd does for it.
#include "daemon/io/app_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "daemon/io/log_file.h"
#include "daemon/io/log_loop.h"
#include "daemon/io/pid_file.h"
#include "ipc/base/own_links.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr uid_t kAppsUser = 54321;

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void give_to_app(const fs::path& path) {
    REQUIRE(::lchown(path.c_str(), kAppsUser, kAppsUser) == 0);
}

uid_t owner_of(const fs::path& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_uid;
}

// A folder of the app's, one of root's that the app may enter, and a secret of root's in it.
struct Folders {
    TempDir folder;
    fs::path apps = folder.path() / "apps", roots = folder.path() / "roots", secret = roots / "out.log";
    FileOwner owner = std::make_shared<const Identity>(
        Identity{.uid = kAppsUser, .gid = kAppsUser, .groups = {kAppsUser}, .name = {}, .home = {}});

    Folders() {
        for (const fs::path& path : {apps, roots}) {
            fs::create_directory(path);
            fs::permissions(path, fs::perms{0755});
        }
        fs::permissions(folder.path(), fs::perms{0755});
        give_to_app(apps);
        std::ofstream(secret) << "secret";
        fs::permissions(secret, fs::perms{0600});
    }

    void put_link(const fs::path& target, const fs::path& link) const {
        fs::create_symlink(target, link);
        give_to_app(link);
    }
    LogFile::News append(const fs::path& path) const {
        return LogFile(path.string(), owner).append("line\n", LogFile::TimePoint{});
    }
};

bool is_root() {
    return ::geteuid() == 0;
}

}  // namespace

TEST_CASE("app file: nothing is written through a link of the app's", "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    const fs::path link = folders.apps / "out.log";
    folders.put_link(folders.secret, link);
    const auto news = folders.append(link);
    REQUIRE(news.failed);
    CHECK(news.failed->message ==
          "cannot open '" + link.string() + "': 'out.log' in it is a link of user 54321");
    CHECK_FALSE(write_pid_file(link, 1234, folders.owner));
    CHECK_FALSE(prepare_log_files({.out = link, .owner = folders.owner}));
    CHECK(content(folders.secret) == "secret");
}

TEST_CASE("app file: nothing is made in a folder that the app has a link to", "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    folders.put_link(folders.roots, folders.apps / "logs");
    for (const char* name : {"out.log", "new.log", "deep/new.log"}) {
        const fs::path path = folders.apps / "logs" / name;
        CHECK_FALSE(prepare_log_files({.out = path, .owner = folders.owner}));
        CHECK(folders.append(path).failed);
        CHECK_FALSE(write_pid_file(path, 1234, folders.owner));
    }
    CHECK(content(folders.secret) == "secret");
    CHECK(std::distance(fs::directory_iterator(folders.roots), fs::directory_iterator{}) == 1);
}

TEST_CASE("app file: a second name of root's file is not written", "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    fs::create_hard_link(folders.secret, folders.apps / "out.log");
    const auto news = folders.append(folders.apps / "out.log");
    REQUIRE(news.failed);
    CHECK(news.failed->message.ends_with("it has more than one name"));
    CHECK(content(folders.secret) == "secret");
}

TEST_CASE("app file: where the app may, files and folders are the app's", "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    folders.put_link(folders.apps, folders.apps / "current");
    const fs::path path = folders.apps / "current" / "logs" / "out.log";
    REQUIRE(prepare_log_files({.out = path, .owner = folders.owner}));
    CHECK_FALSE(folders.append(path).failed);
    CHECK(content(path) == "line\n");
    CHECK(owner_of(path) == kAppsUser);
    CHECK(owner_of(path.parent_path()) == kAppsUser);
    const fs::path pid_file = folders.apps / "app.pid";
    REQUIRE(write_pid_file(pid_file, 1234, folders.owner));
    CHECK(owner_of(pid_file) == kAppsUser);
    remove_pid_file(pid_file, 1234, folders.owner);
    CHECK_FALSE(fs::exists(pid_file));
}

TEST_CASE("app file: where the app may not, kpmd makes them, through root's links too",
          "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    fs::create_symlink("roots", folders.folder.path() / "log");
    const fs::path path = folders.folder.path() / "log" / "app" / "out.log";
    REQUIRE(prepare_log_files({.out = path, .owner = folders.owner}));
    CHECK_FALSE(folders.append(path).failed);
    CHECK(content(folders.roots / "app" / "out.log") == "line\n");
    CHECK(owner_of(path) == 0);
    const fs::path pid_file = folders.roots / "app" / "app.pid";
    REQUIRE(write_pid_file(pid_file, 1234, folders.owner));
    remove_pid_file(pid_file, 1234, folders.owner);
    CHECK_FALSE(fs::exists(pid_file));
}

TEST_CASE("app file: a log that root has made before goes on", "[integration][data_plane]") {
    REQUIRE(is_root());
    const Folders folders;
    const fs::path path = folders.apps / "out.log";
    std::ofstream(path) << "old\n";
    fs::permissions(path, fs::perms{0644});
    CHECK_FALSE(folders.append(path).failed);
    CHECK(content(path) == "old\nline\n");
}

TEST_CASE("own links: a link without end and one of /proc", "[integration][data_plane]") {
    const TempDir folder;
    fs::create_symlink("loop", folder.path() / "loop");
    const auto endless = open_by_own_links("open", folder.path() / "loop", O_RDONLY);
    REQUIRE_FALSE(endless);
    CHECK(endless.error().message.ends_with("Too many levels of symbolic links"));

    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd in(ends[0]), out(ends[1]);
    const auto again = open_by_own_links("open", "/proc/self/fd/" + std::to_string(out.get()), O_WRONLY);
    REQUIRE(again);
    REQUIRE(::write(again->get(), "x", 1) == 1);
    char read = 0;
    CHECK(::read(in.get(), &read, 1) == 1);
}
