// No more processes to be had (EAGAIN): the start says so, everything else goes on, and a later start works.
// By a real limit, RLIMIT_NPROC, which counts the processes and threads of a user who is not root.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "ipc/base/text.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"
#include "tests/support/programs_for_all.h"

namespace kpm::process_limit_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

// A number that nobody has: so nobody else's processes count.
constexpr unsigned kUser = 64321;

// Threads count, too.
int tasks_of_user(const KpmHome& kpm) {
    int count = 0;
    for (const auto& process : fs::directory_iterator("/proc")) {
        std::error_code gone;
        const std::string name = process.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::string status = kpm.read(process.path() / "status");
        if (status.find("\nUid:\t" + std::to_string(kUser) + "\t") == std::string::npos) continue;
        for (auto task = fs::directory_iterator(process.path() / "task", gone);
             !gone && task != fs::directory_iterator(); task.increment(gone))
            ++count;
    }
    return count;
}

// The words before a command that make it one of the user.
const std::vector<std::string> kAsUser{"setpriv", "--reuid=" + std::to_string(kUser),
                                       "--regid=" + std::to_string(kUser), "--clear-groups"};

CommandResult as_user(const KpmHome& kpm, const std::vector<std::string>& words) {
    std::vector<std::string> all = kAsUser;
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all, kpm.env(), kpm.work());
}

}  // namespace

TEST_CASE("process limit: a fork that fails is told, the rest goes on, and a later start works", "[e2e]") {
    REQUIRE(::getuid() == 0);  // to become another user
    const ProgramsForAll programs;
    const KpmHome kpm;
    for (const fs::path& path : {kpm.work().parent_path(), kpm.work()})
        REQUIRE(::chown(path.c_str(), kUser, kUser) == 0);
    const auto run = [&](std::vector<std::string> args) {
        args.insert(args.begin(), programs.kpm());
        return as_user(kpm, args);
    };
    // Only the soft limit, which the user may raise again.
    const auto limit_to = [&](int pid, const std::string& count) {
        const CommandResult done =
            as_user(kpm, {"prlimit", "--pid", std::to_string(pid), "--nproc=" + count + ":"});
        INFO(done.err);
        REQUIRE(done.status == 0);
    };
    kpm.write("app.sh", "exec sleep 600\n");
    CommandResult result = run({"start", "app.sh", "--name", "first"});
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    const int daemon = kpm.daemon_pid(), keeper = parent_of(daemon), app = kpm.find("first")["pid"];
    REQUIRE(eventually([&] { return tasks_of_user(kpm) > 0 && parent_of(app) == keeper; }));

    const std::string before = as_user(kpm, {"prlimit", "--pid", std::to_string(keeper), "--nproc",
                                             "--noheadings", "--raw", "--output", "SOFT"})
                                   .out;
    REQUIRE_FALSE(before.empty());
    limit_to(keeper, "1");
    result = run({"start", "app.sh", "--name", "second", "--max-restarts", "2"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(result.err.find("cannot start 'second': cannot fork") != std::string::npos);
    CHECK(result.err.find("Resource temporarily unavailable") != std::string::npos);
    CHECK(kpm.find("first")["pid"] == app);
    CHECK(kpm.find("first")["pm2_env"]["status"] == "online");
    CHECK(kpm.daemon_pid() == daemon);
    CHECK(parent_of(daemon) == keeper);
    // It is tried again, as after a crash, and given up like one.
    CHECK(eventually([&] { return kpm.find("second")["pm2_env"]["status"] == "errored"; }));

    limit_to(keeper, std::string(trim(before)));
    result = run({"start", "second"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(kpm.find("second")["pm2_env"]["status"] == "online");
    CHECK(run({"kill"}).status == 0);
    CHECK(eventually([&] { return tasks_of_user(kpm) == 0; }));
}

TEST_CASE("process limit: one user's limit fails that user's apps only", "[e2e]") {
    REQUIRE(::getuid() == 0);
    const KpmHome kpm;
    fs::permissions(kpm.work().parent_path(), fs::perms{0755});
    kpm.write("app.sh", "exec sleep 600\n");
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const int daemon = kpm.daemon_pid(), keeper = parent_of(daemon);
    const std::string user = std::to_string(kUser);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "first", "--uid", user, "--gid", user}).status == 0);
    // Apps inherit it from now on; root's own are not counted.
    REQUIRE(run_command({"prlimit", "--pid", std::to_string(keeper), "--nproc=0"}).status == 0);
    const CommandResult refused = kpm.kpm(
        {"start", "app.sh", "--name", "second", "--uid", user, "--gid", user, "--max-restarts", "1000"});
    INFO(refused.out << refused.err << kpm.daemon_log());
    CHECK(refused.status == 1);
    CHECK(refused.err.find("cannot start 'second': cannot execute") != std::string::npos);
    CHECK(refused.err.find("Resource temporarily unavailable") != std::string::npos);
    CHECK(kpm.kpm({"start", "app.sh", "--name", "roots"}).status == 0);
    CHECK(kpm.daemon_pid() == daemon);
    // When there is room again, it comes up by itself.
    CHECK(kpm.kpm({"stop", "first"}).status == 0);
    CHECK(eventually([&] { return kpm.find("second")["pm2_env"]["status"] == "online"; }));
}

TEST_CASE(
    "process limit: a start does not take the last descriptors, so that clients are served and apps ended",
    "[e2e]") {
    const KpmHome kpm;
    std::string apps;
    for (int i = 0; i < 60; ++i)
        apps += (i == 0 ? "" : ",") +
                std::string(R"({"script": "/bin/sleep", "args": "600", "max_restarts": 1, )") +
                R"("interpreter": "none", "name": "app-)" + std::to_string(i) + "\"}";
    kpm.write("many.json", R"({"apps": [)" + apps + "]}");
    const auto limited = [&](const std::string& words) {
        return run_command({"sh", "-c", "ulimit -n 160; exec \"$0\" " + words, (bin_dir() / "kpm").string()},
                           kpm.env(), kpm.work());
    };
    const CommandResult started = limited("start many.json");
    INFO(started.out << started.err);
    CHECK(started.status == 1);
    CHECK(
        started.err.find("too many open files, 160 are allowed and the last 20 kept for the daemon itself") !=
        std::string::npos);
    int online = 0;
    for (const Json& row : kpm.list()) online += row["pm2_env"]["status"] == "online" ? 1 : 0;
    CHECK(online > 10);
    CHECK(online < 60);
    const CommandResult deleted = kpm.kpm({"delete", "all"});
    INFO(deleted.out << deleted.err);
    CHECK(deleted.status == 0);
    CHECK(kpm.list().empty());
    CHECK(kpm.kpm({"start", "/bin/sleep", "--interpreter", "none", "--", "600"}).status == 0);
}

}  // namespace kpm::process_limit_test
