// watch, ignore_watch: what restarts an app, what it costs, and what is said when it cannot be.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/temp_dir.h"

namespace kpm::watch_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

Json watched(const std::string& name, const Json& watch) {
    return {{"name", name}, {"script", "app.sh"}, {"interpreter", "sh"}, {"watch", watch}};
}

CommandResult start(const KpmHome& kpm, const std::vector<Json>& apps) {
    kpm.write("app.sh", "exec sleep 600\n");
    kpm.write("ecosystem.json", Json{{"apps", apps}}.dump());
    CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    return started;
}

int restarts(const KpmHome& kpm, const std::string& name) {
    return kpm.find(name)["pm2_env"]["restart_time"];
}

// The tree may still be being read when a change comes: it is repeated until it is seen.
bool restarts_by(const KpmHome& kpm, const std::string& name, const std::string& file) {
    const int before = restarts(kpm, name);
    int version = 0;
    return eventually([&] {
        kpm.write(file, std::to_string(version++));
        return restarts(kpm, name) > before;
    });
}

// In a user namespace, which has limits of its own. False: none can be made here, which is said.
bool start_daemon(const KpmHome& kpm, const std::string& limit, int value) {
    const std::vector<std::string> space{"unshare", "--user", "--map-root-user"};
    auto command = space;
    command.emplace_back("true");
    if (run_command(command, kpm.env(), kpm.work()).status != 0) {
        WARN("user namespaces cannot be made here: the limits of inotify are not checked");
        return false;
    }
    command = space;
    command.insert(
        command.end(),
        {"sh", "-c", "echo " + std::to_string(value) + " > /proc/sys/user/" + limit + " && exec \"$0\" ping",
         bin_dir() / "kpm"});
    const CommandResult up = run_command(command, kpm.env(), kpm.work());
    INFO(up.out << up.err);
    REQUIRE(up.status == 0);
    return true;
}

std::size_t inotify_instances(int pid) {
    std::size_t count = 0;
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code gone;
        count += fs::read_symlink(fd.path(), gone) == "anon_inode:inotify";
    }
    return count;
}

}  // namespace

TEST_CASE("watch: all apps share one instance of inotify, which goes with the last", "[e2e]") {
    const KpmHome kpm;
    for (const char* folder : {"a", "b", "c"}) kpm.write(std::string(folder) + "/file", "");
    start(kpm, {watched("a", {"a"}), watched("b", {"b", "c"}), watched("c", {"c"})});
    CHECK(inotify_instances(kpm.daemon_pid()) == 1);
    CHECK(restarts_by(kpm, "c", "c/file"));
    CHECK(eventually([&] { return restarts(kpm, "b") > 0; }));
    CHECK(restarts(kpm, "a") == 0);
    CHECK(kpm.kpm({"stop", "b"}).status == 0);
    CHECK(restarts_by(kpm, "c", "c/file"));
    CHECK(kpm.kpm({"stop", "all"}).status == 0);
    CHECK(inotify_instances(kpm.daemon_pid()) == 0);
}

TEST_CASE("watch: apps in one folder are not restarted by each other's logs and pid files", "[e2e]") {
    const KpmHome kpm;
    kpm.write("src/logs/kept", "");
    fs::create_directory_symlink("logs", kpm.work() / "src/link");
    kpm.write("talks.sh", "while echo a line; do sleep 0.1; done\n");
    const auto talking = [](const std::string& name, const Json& watch, const std::string& log) {
        Json app = watched(name, watch);
        app["script"] = "talks.sh";
        app["out_file"] = log;
        app["pid_file"] = "src/" + name + ".id";
        return app;
    };
    const auto size_of = [&](const char* log) { return kpm.read(kpm.work() / log).size(); };
    start(kpm, {talking("a", {"src"}, "src/A.txt"), talking("b", {"src"}, "src/link/B.txt")});
    CHECK(eventually([&] { return size_of("src/A.txt") > 20 && size_of("src/logs/B.txt") > 20; }));
    // One that is not watched itself, and comes later.
    start(kpm, {talking("c", false, "src/C.txt")});
    CHECK(eventually([&] { return size_of("src/C.txt") > 20; }));
    for (const char* name : {"a", "b"}) CHECK(restarts(kpm, name) == 0);
    CHECK(restarts_by(kpm, "a", "src/server.js"));
    CHECK(eventually([&] { return restarts(kpm, "b") > 0; }));
}

TEST_CASE("watch: while a tree of 100,000 files is read clients are answered, and then it is watched",
          "[e2e]") {
    const KpmHome kpm;
    // In memory where that is possible: it is not the disk that is tested.
    const TempDir tree(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path());
    constexpr int kFolders = 2000, kFiles = 50;
    for (int folder = 0; folder < kFolders; ++folder) {
        const std::string path = tree.path() / std::to_string(folder % 40) / std::to_string(folder);
        fs::create_directories(path);
        for (int file = 0; file < kFiles; ++file)
            REQUIRE(::mknod((path + '/' + std::to_string(file)).c_str(), S_IFREG | 0600, 0) == 0);
    }
    start(kpm, {watched("big", {tree.path().string()})});
    for (int i = 0; i < 5; ++i) CHECK(kpm.kpm({"ping"}).status == 0);
    CHECK(restarts_by(kpm, "big", (tree.path() / "39" / "1999" / "49").string()));
    CHECK_FALSE(kpm.find("big")["pm2_env"].contains("watch_trouble"));
}

TEST_CASE("watch: globs and exceptions", "[e2e]") {
    const KpmHome kpm;
    kpm.write("src/lib/a.js", "");
    kpm.write("src/old/a.js", "");
    start(kpm, {watched("globs", {"src/**/*.js", "!src/old"}), watched("all", {"src"})});
    CHECK(restarts_by(kpm, "all", "src/notes.txt"));
    CHECK(restarts_by(kpm, "all", "src/old/a.js"));
    CHECK(restarts(kpm, "globs") == 0);
    CHECK(restarts_by(kpm, "globs", "src/lib/a.js"));
}

TEST_CASE("watch: regular expressions of a .config.js file ignore what they match, also after a resurrect",
          "[e2e][node]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    kpm.write("src/a.js", "");
    kpm.write("src/cache/x", "");
    kpm.write(
        "ecosystem.config.js",
        "module.exports = {apps: [{name: 'app', script: 'app.sh', interpreter: 'sh', watch: ['src'],\n"
        "  ignore_watch: [/\\.LOG$/i, /[\\/\\\\]cache/]},\n"
        " {name: 'all', script: 'app.sh', interpreter: 'sh', watch: ['src'], ignore_watch: /nothing/}]};\n");
    REQUIRE(kpm.kpm({"start", "ecosystem.config.js"}).status == 0);
    const Json expected{"regexp:/\\.LOG$/i", "regexp:/[\\/\\\\]cache/"};
    const auto check = [&] {
        CHECK(kpm.find("app")["pm2_env"]["ignore_watch"] == expected);
        CHECK(restarts_by(kpm, "all", "src/a.log"));
        CHECK(restarts_by(kpm, "all", "src/cache/x"));
        CHECK(restarts(kpm, "app") == 0);
        CHECK(restarts_by(kpm, "app", "src/a.js"));
    };
    check();
    CHECK(kpm.kpm({"save"}).status == 0);
    CHECK(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(kpm.kpm({"resurrect"}).status == 0);
    REQUIRE(kpm.kpm({"reset", "all"}).status == 0);
    check();
}

TEST_CASE("watch: a bad regular expression is said by the start, and the app is not watched", "[e2e]") {
    const KpmHome kpm;
    Json app = watched("app", {"src"});
    app["ignore_watch"] = Json::array({"regexp:/(?<=x)y/"});
    kpm.write("src/a.js", "");
    const CommandResult started = start(kpm, {app});
    CHECK(started.out.find("[PM2][WARN] app: cannot watch '" + kpm.work().string() +
                           "': bad ignore_watch 'regexp:/(?<=x)y/': ") != std::string::npos);
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
}

TEST_CASE("watch: an empty ignore_watch watches dotfiles and node_modules, too", "[e2e]") {
    const KpmHome kpm;
    kpm.write("node_modules/x/index.js", "");
    Json everything = watched("everything", true);
    everything["ignore_watch"] = Json::array();
    start(kpm, {everything, watched("default", true)});
    CHECK(kpm.find("everything")["pm2_env"]["ignore_watch"] == Json::array());
    CHECK_FALSE(kpm.find("default")["pm2_env"].contains("ignore_watch"));
    CHECK(restarts_by(kpm, "everything", ".env"));
    CHECK(restarts_by(kpm, "everything", "node_modules/x/index.js"));
    CHECK(restarts(kpm, "default") == 0);
    CHECK(restarts_by(kpm, "default", "server.js"));
    // It outlives the daemon's list.
    CHECK(kpm.kpm({"save"}).status == 0);
    CHECK(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(kpm.kpm({"resurrect"}).status == 0);
    CHECK(kpm.find("everything")["pm2_env"]["ignore_watch"] == Json::array());
}

TEST_CASE("watch: what cannot be watched is said by the start, and watched when it comes", "[e2e]") {
    const KpmHome kpm;
    kpm.write("src/a.js", "");
    const CommandResult started = start(kpm, {watched("app", {"src", "nowhere"})});
    const std::string warning = "[PM2][WARN] app: cannot watch '" + (kpm.work() / "nowhere").string() +
                                "': No such file or directory; it is looked for again\n";
    CHECK(started.out.find(warning) != std::string::npos);
    CHECK(restarts_by(kpm, "app", "src/a.js"));
    CHECK(kpm.kpm({"restart", "app"}).out.find(warning) != std::string::npos);
    const int before = restarts(kpm, "app");
    kpm.write("nowhere/a.js", "");
    CHECK(eventually([&] { return restarts(kpm, "app") > before; }));
    CHECK(restarts_by(kpm, "app", "nowhere/a.js"));
    CHECK(kpm.kpm({"restart", "app"}).out.find("nowhere") == std::string::npos);
}

TEST_CASE("watch: a tree of more folders than inotify has watches is said by start, restart, list and doctor",
          "[e2e]") {
    const KpmHome kpm;
    for (int i = 0; i < 30; ++i) kpm.write("src/" + std::to_string(i) + "/a.js", "");
    if (!start_daemon(kpm, "max_inotify_watches", 10)) return;
    const std::string warning = "[PM2][WARN] app: cannot watch '" + (kpm.work() / "src").string();
    const std::string limit =
        "too many inotify watches, raise the sysctl fs.inotify.max_user_watches; "
        "changes there go unnoticed";
    const CommandResult started = start(kpm, {watched("app", {"src"})});
    const CommandResult restarted = kpm.kpm({"restart", "app"});
    for (const CommandResult& one : {started, restarted}) {
        INFO(one.out << one.err);
        CHECK(one.out.find(warning) != std::string::npos);
        CHECK(one.out.find(limit) != std::string::npos);
    }
    CHECK(kpm.kpm({"describe", "app"}).out.find(limit) != std::string::npos);
    CHECK(kpm.kpm({"doctor"}).out.find("not all of their files are watched: app") != std::string::npos);
    CHECK(kpm.kpm({"list"}).out.find("in part") != std::string::npos);
    CHECK(restarts_by(kpm, "app", "src/b.js"));  // the rest is watched
    fs::remove_all(kpm.work() / "src");
    Json app = watched("app", {"other"});
    kpm.write("other/a.js", "");
    start(kpm, {app});
    CHECK(kpm.kpm({"restart", "ecosystem.json"}).status == 0);
    CHECK_FALSE(kpm.find("app")["pm2_env"].contains("watch_trouble"));
}

TEST_CASE("watch: a limit of inotify is said by the start, with what to raise", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    kpm.write("ecosystem.json", Json{{"apps", {watched("app", true), watched("other", false)}}}.dump());
    if (!start_daemon(kpm, "max_inotify_instances", 0)) return;
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    CHECK(started.status == 0);  // it runs, it is only not watched
    CHECK(
        started.out.find("[PM2][WARN] app: cannot watch files: too many inotify instances, raise the sysctl "
                         "fs.inotify.max_user_instances") != std::string::npos);
    for (const char* name : {"app", "other"}) CHECK(kpm.find(name)["pm2_env"]["status"] == "online");
}

}  // namespace kpm::watch_test
