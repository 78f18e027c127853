#include "cli/log_flush.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

struct LogFolder {
    TempDir directory;

    fs::path operator/(const char* name) const { return directory.path() / name; }
    void write(const char* name) const { std::ofstream(*this / name) << "text\n"; }
    bool is_empty(const char* name) const { return fs::file_size(*this / name) == 0; }
};

}  // namespace

TEST_CASE("log flush: a file is emptied, and what is no file is left alone", "[unit][cli][logs]") {
    const LogFolder folder;
    folder.write("out.log");
    CHECK(empty_log(folder / "out.log"));
    CHECK(folder.is_empty("out.log"));
    CHECK(empty_log(folder / "missing.log"));
    CHECK(empty_log(folder / "missing/out.log"));
    CHECK(empty_log("/dev/null"));
    REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(empty_log(folder / "pipe"));
    fs::create_directory(folder / "folder");
    CHECK_FALSE(empty_log(folder / "folder"));
}

// Others can empty no more than what is theirs.
TEST_CASE("log flush: root follows no link of others", "[unit][cli][logs]") {
    constexpr uid_t kOther = 65534;
    REQUIRE(geteuid() == 0);
    const LogFolder folder;
    fs::create_directories(folder / "real/deep");
    folder.write("real/deep/out.log");
    fs::create_symlink("deep/out.log", folder / "real/file");
    fs::create_directory_symlink(folder / "real", folder / "link");
    fs::create_symlink("loop", folder / "loop");
    CHECK_FALSE(empty_log(folder / "loop"));

    REQUIRE(lchown((folder / "link").c_str(), kOther, kOther) == 0);
    const auto refused = empty_log(folder / "link/deep/out.log");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::Denied);
    CHECK_FALSE(folder.is_empty("real/deep/out.log"));

    REQUIRE(lchown((folder / "link").c_str(), 0, 0) == 0);
    CHECK(empty_log(folder / "link/deep/../file"));
    CHECK(folder.is_empty("real/deep/out.log"));
}

}  // namespace kpm::cli
