// kpm-dev: apps in the foreground while they are written, beside the real pm2-dev.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::dev_test {
using namespace test;

namespace {

constexpr const char* kApp =
    "console.log('said one');\nconsole.error('said two');\nsetInterval(() => {}, 1000);\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::vector<std::string> dev(const std::vector<std::string>& words) {
    std::vector<std::string> argv{(bin_dir() / "kpm-dev").string()};
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
}

std::filesystem::path home_of_dev(const KpmHome& kpm) {
    return kpm.home().string() + "-dev";
}

bool has_daemon(const KpmHome& kpm) {
    return std::filesystem::exists(home_of_dev(kpm) / "pm2.pid");
}

std::string first_lines(const std::string& text, int count) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; count-- > 0 && std::getline(lines, line);) result += line + "\n";
    return result;
}

}  // namespace

TEST_CASE("dev: shows what an app prints, starts it again for a changed file, and ends all by Ctrl-C",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.js", kApp);
    RunningCommand run(dev({"app.js", "--ignore", "a.txt,b", "--post-exec", "echo after $((1 + 1))"}),
                       kpm.env(), kpm.work());
    REQUIRE(eventually([&] { return has(run.output(), "said two\n"); }));
    CHECK(has(run.output(), "Ignored folder       : a.txt,b,node_modules\n"));
    CHECK(has(run.output(), "Post restart cmd     : echo after $((1 + 1))\n"));
    CHECK(has(run.output(), "app-0  | said one\n"));
    CHECK_FALSE(has(run.output(), "restarted"));
    kpm.write("app.js", std::string(kApp) + "console.log('changed');\n");
    REQUIRE(eventually([&] { return has(run.output(), "app-0  | changed\n"); }));
    CHECK(eventually([&] { return has(run.output(), "[rundev] App app restarted\n"); }));
    CHECK(eventually([&] { return has(run.output(), "after 2\n"); }));
    CHECK(run.end(SIGINT) == 0);
    CHECK(has(run.output(), ">>>>> [PM2 DEV] Stopping current development session\n"));
    CHECK_FALSE(has_daemon(kpm));
    CHECK(kpm.list().empty());  // the other home has nothing to do with it
}

TEST_CASE("dev: the beginning is that of pm2-dev", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.js", kApp);
    const auto told = [&](const std::string& program, std::map<std::string, std::string> env) {
        RunningCommand run({program, "start", "app.js", "--ignore", "x"}, env, kpm.work());
        REQUIRE(eventually([&] { return has(run.output(), "said two\n"); }, std::chrono::seconds{30}));
        CHECK(run.end(SIGINT) == 0);
        return first_lines(run.output(), 6);
    };
    const auto user = kpm.work().parent_path();
    const std::string theirs =
        told((pm2_program().parent_path() / "pm2-dev").string(),
             {{"HOME", user.string()}, {"PM2_HOME", ""}, {"KPM_HOME", ""}, {"FORCE_COLOR", "0"}});
    CHECK(told((bin_dir() / "kpm-dev").string(), kpm.env()) == theirs);
}

TEST_CASE("dev: what cannot be started is said, and nothing is left", "[e2e]") {
    const KpmHome kpm;
    const auto missing = run_command(dev({"none.js"}), kpm.env(), kpm.work());
    CHECK(missing.status == 1);
    CHECK(has(missing.err, "none.js"));
    CHECK_FALSE(has_daemon(kpm));
    const auto unknown = run_command(dev({"app.js", "--rwa"}), kpm.env(), kpm.work());
    CHECK(unknown.status == 1);
    CHECK(has(unknown.err, "--raw"));
    const auto nothing = run_command(dev({}), kpm.env(), kpm.work());
    CHECK(nothing.status == 1);
    CHECK(has(nothing.out, "usage: kpm-dev"));
    CHECK(run_command(dev({"--version"}), kpm.env(), kpm.work()).out ==
          run_command({(bin_dir() / "kpm").string(), "--version"}, kpm.env(), kpm.work()).out);
}

TEST_CASE("dev: --auto-exit ends with 1 when no app runs any more", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "sleep 1\n");
    const auto done =
        run_command(dev({"app.sh", "--no-autorestart", "--auto-exit", "--raw"}), kpm.env(), kpm.work());
    CHECK(done.status == 1);
    CHECK(has(done.out, "0 application online, exiting\n"));
    CHECK_FALSE(has_daemon(kpm));
}

TEST_CASE("dev: Ctrl-C is heard while the start still waits for an app", "[e2e]") {
    const KpmHome kpm;
    kpm.write("slow.sh", "echo $$ > slow.pid\nwhile :; do sleep 1; done\n");
    RunningCommand run(
        dev({"slow.sh", "--ignore", "slow.pid", "--wait-ready", "--listen-timeout", "1000000"}), kpm.env(),
        kpm.work());
    REQUIRE(eventually([&] { return has(kpm.read(kpm.work() / "slow.pid"), "\n"); }));
    const int pid = std::stoi(kpm.read(kpm.work() / "slow.pid"));
    CHECK(run.end(SIGINT) == 0);
    INFO(run.output());
    CHECK_FALSE(is_running(pid));
    CHECK_FALSE(has_daemon(kpm));
}

TEST_CASE("dev: a session ends what it has started, and the last one the daemon", "[e2e]") {
    const KpmHome kpm;
    kpm.write("one/one.js", kApp);
    kpm.write("two/two.js", kApp);
    RunningCommand one(dev({"one/one.js", "--raw"}), kpm.env(), kpm.work());
    REQUIRE(eventually([&] { return has(one.output(), "\nsaid two\n"); }));
    RunningCommand two(dev({"two/two.js", "--timestamp"}), kpm.env(), kpm.work());
    REQUIRE(eventually([&] { return has(two.output(), "two-1  | said two\n"); }));
    CHECK_FALSE(has(one.output(), "two-1"));
    CHECK(one.end(SIGTERM) == 0);
    CHECK(has_daemon(kpm));
    auto env = kpm.env();
    env["KPM_HOME"] = home_of_dev(kpm);
    const auto list = run_command({(bin_dir() / "kpm").string(), "jlist"}, env, kpm.work());
    const Json rows = Json::parse(list.out);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0]["name"] == "two");
    CHECK(rows[0]["pm2_env"]["status"] == "online");
    CHECK(two.end(SIGINT) == 0);
    CHECK_FALSE(has_daemon(kpm));
}

}  // namespace kpm::dev_test
