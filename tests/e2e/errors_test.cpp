// What a user sees when something is wrong: the reason, on the right object, exit code 1, and nothing lost.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>

#include "ipc/base/unique_fd.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"

namespace kpm::errors_test {
using namespace test;

namespace {

std::string worker_config(int port) {
    return R"({"apps":[{"name":"render","script":")" + (bin_dir() / "render-worker").string() +
           R"(","exec_mode":"cluster","instances":1,"kpm_channel":true,"listen_timeout":60000,"gpu":"none","listen":["127.0.0.1:)" +
           std::to_string(port) + "\"]}]}";
}

}  // namespace

TEST_CASE("errors: a missing script is named, exit 1", "[e2e]") {
    const KpmHome kpm;
    const CommandResult result = kpm.kpm({"start", "nothing.js"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "Script not found"));
    CHECK(says(result, "nothing.js"));
    CHECK(kpm.list().empty());
}

TEST_CASE("errors: broken JSON is shown with file and line", "[e2e]") {
    const KpmHome kpm;
    kpm.write("ecosystem.json", "{\n  \"apps\": [\n    { \"name\": \"x\" \"script\": 1 }\n  ]\n}\n");
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "ecosystem.json:3"));
}

TEST_CASE("errors: a wrong value is shown with its path and what is allowed", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "sleep 100\n");
    kpm.write("ecosystem.json", "{\"apps\": [\n{\"script\": \"./app.sh\",\n\"max_restarts\": \"many\"}]}\n");
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "apps[0].max_restarts"));
    CHECK(says(result, "many"));
}

TEST_CASE("errors: an unknown attribute gets a hint, the app starts", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "sleep 100\n");
    kpm.write("ecosystem.json", "{\"apps\": [{\"script\": \"./app.sh\", \"max_restart\": 3}]}\n");
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(says(result, "max_restart"));
    CHECK(says(result, "max_restarts"));
}

TEST_CASE("errors: a port in use is told with its holder, and nothing is left running", "[e2e]") {
    const KpmHome kpm;
    const UniqueFd holder(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(holder.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(holder.get(), 1) == 0);
    REQUIRE(::getsockname(holder.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    kpm.write("ecosystem.json", worker_config(ntohs(address.sin_port)));
    const CommandResult result = kpm.kpm({"start", "ecosystem.json"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "Address already in use"));
    CHECK(says(result, "pid " + std::to_string(::getpid())));
    CHECK(kpm.find("render")["pm2_env"]["status"] == "errored");
    CHECK(kpm.find("render")["pid"] == 0);
}

TEST_CASE("errors: an interpreter that is not there is told, exit 1", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.x", "text\n");
    const CommandResult result = kpm.kpm({"start", "app.x", "--interpreter", "no-such-interpreter"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "no-such-interpreter"));
}

TEST_CASE("errors: a program that cannot be executed is errored with its reason, not online", "[e2e]") {
    const KpmHome kpm;
    const std::string path = kpm.write("program", "no program\n");
    ::chmod(path.c_str(), 0644);
    const CommandResult result = kpm.kpm({"start", path, "--interpreter", "none"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "Permission denied"));
    CHECK(kpm.find("program")["pm2_env"]["status"] == "errored");
}

TEST_CASE("errors: more instances than an app may have are refused, and none is started", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    const CommandResult started = kpm.kpm({"start", "app.sh", "-i", "80000000"});
    INFO(started.out << started.err);
    CHECK(started.status == 1);
    CHECK(says(started, "an app has at most 10000"));
    CHECK(kpm.list().empty());
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    for (const char* number : {"10001", "+10000", "+9223372036854775807"}) {
        const CommandResult scaled = kpm.kpm({"scale", "app", number});
        INFO(scaled.out << scaled.err);
        CHECK(scaled.status == 1);
        CHECK(says(scaled, "an app has at most 10000 instances, there are 1"));
    }
    CHECK(kpm.list().size() == 1);
}

TEST_CASE("errors: a second keeper in one home is refused, the first goes on", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const int daemon = kpm.daemon_pid();
    const CommandResult second = run_command(
        {bin_dir() / "kpm-keeper", "--home", kpm.home(), "--daemon", bin_dir() / "kpmd", "--foreground"},
        kpm.env());
    INFO(second.out << second.err);
    CHECK(second.status == 1);
    CHECK(says(second, "already runs"));
    CHECK(kpm.daemon_pid() == daemon);
    CHECK(kpm.kpm({"ping"}).status == 0);
}

TEST_CASE("errors: kpmd by hand tells how it is started", "[e2e]") {
    const KpmHome kpm;
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.begin(), (bin_dir() / "kpmd").string());
        return run_command(words, kpm.env());
    };
    CHECK(run({"--help"}).out.starts_with("usage: kpmd --home DIR"));
    CHECK(run({"--version"}).out == KPM_VERSION "\n");
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {}, {"--home"}, {"--home", kpm.home(), "more"}, {"--nonsense"}}) {
        const CommandResult result = run(words);
        CHECK(result.status == 2);
        CHECK_FALSE(result.err.empty());
    }
    const CommandResult alone = run({"--home", kpm.home()});
    CHECK(alone.status == 1);
    CHECK(says(alone, "cannot "));
}

TEST_CASE("errors: sockets that a dead daemon left behind do not hinder the next", "[e2e]") {
    const KpmHome kpm;
    std::filesystem::create_directories(kpm.home());
    for (const char* name : {"rpc.sock", "pub.sock"}) {
        const UniqueFd stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, (kpm.home() / name).c_str(), sizeof address.sun_path - 1);
        REQUIRE(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    const CommandResult result = kpm.kpm({"ping"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(says(result, "pong"));
}

TEST_CASE("errors: a home that cannot be made is told, exit 1", "[e2e]") {
    const KpmHome kpm;
    const std::string file = kpm.write("file", "");
    const CommandResult result =
        run_command({bin_dir() / "kpm", "ping"}, {{"KPM_HOME", file + "/home"}, {"PM2_HOME", ""}});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "Not a directory"));
}

TEST_CASE("errors: unknown names, commands and options fail with PM2's words", "[e2e]") {
    const KpmHome kpm;
    CommandResult result = kpm.kpm({"stop", "nobody"});
    CHECK(result.status == 1);
    CHECK(says(result, "Process or Namespace nobody not found"));
    result = kpm.kpm({"frobnicate"});
    CHECK(result.status == 1);
    CHECK(says(result, "Command not found"));
    result = kpm.kpm({"list", "--frobnicate"});
    CHECK(result.status == 1);
    CHECK(says(result, "unknown option"));
}

TEST_CASE("errors: a home that may not be written to is told, exit 1", "[e2e]") {
    REQUIRE(::getuid() == 0);  // root may write anywhere: it needs another user
    const KpmHome kpm;
    std::filesystem::create_directories(kpm.home());
    std::filesystem::permissions(kpm.home().parent_path(), std::filesystem::perms{0755});
    std::filesystem::permissions(kpm.home(), std::filesystem::perms{0755});
    const auto as_nobody = [&](const std::string& command) {
        return run_command(
            {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", bin_dir() / "kpm", command},
            kpm.env(), "/");
    };
    for (const char* command : {"ping", "list", "resurrect"}) {
        INFO(command);
        const CommandResult result = as_nobody(command);
        INFO(result.out << result.err);
        CHECK(result.status == 1);
        CHECK(says(result, "Permission denied"));
        CHECK(says(result, kpm.home()));
    }
    CHECK(std::filesystem::is_empty(kpm.home()));
}

TEST_CASE("errors: a log that cannot be opened is named, and hurts no other app", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    kpm.write("file", "");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "good"}).status == 0);
    const std::string log = kpm.work() / "file" / "out.log";
    const CommandResult refused = kpm.kpm({"start", "app.sh", "--name", "bad", "--output", log});
    INFO(refused.out << refused.err << kpm.daemon_log());
    CHECK(refused.status == 1);
    CHECK(says(refused, "cannot start 'bad': cannot"));
    CHECK(says(refused, "Not a directory"));
    CHECK(kpm.find("bad")["pid"] == 0);
    CHECK(kpm.find("good")["pm2_env"]["status"] == "online");
    // A folder of logs that goes while the app runs is made again.
    std::filesystem::remove_all(kpm.home() / "logs");
    CHECK(kpm.kpm({"restart", "good"}).status == 0);
    CHECK(std::filesystem::exists(kpm.home() / "logs" / "good-out.log"));
}

TEST_CASE("errors: a program of another machine is told, not tried sixteen times", "[e2e]") {
    const KpmHome kpm;
    const std::string path = kpm.write("program", std::string("\x7f"
                                                              "ELF\x02\x01\x01\0\0\0\0\0",
                                                              12) +
                                                      std::string(200, '\0'));
    ::chmod(path.c_str(), 0755);
    const CommandResult refused = kpm.kpm({"start", path});
    INFO(refused.out << refused.err);
    CHECK(refused.status == 1);
    CHECK(says(refused, "cannot execute '" + path + "': Exec format error"));
    CHECK(kpm.find("program")["pm2_env"]["status"] == "errored");
    CHECK(kpm.find("program")["pm2_env"]["restart_time"] == 0);
}

TEST_CASE("errors: a working directory that is gone fails the restart, and comes back", "[e2e]") {
    const KpmHome kpm;
    const std::string script = kpm.write("app.sh", "exec sleep 600\n");
    const std::string folder = kpm.work() / "folder";
    std::filesystem::create_directories(folder);
    REQUIRE(kpm.kpm({"start", script, "--cwd", folder}).status == 0);
    std::filesystem::remove(folder);
    const CommandResult refused = kpm.kpm({"restart", "app"});
    INFO(refused.out << refused.err);
    CHECK(refused.status == 1);
    CHECK(says(refused, "cannot change to directory '" + folder + "': No such file or directory"));
    CHECK(kpm.find("app")["pm2_env"]["status"] == "errored");
    std::filesystem::create_directories(folder);
    CHECK(kpm.kpm({"restart", "app"}).status == 0);
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
}

TEST_CASE("errors: wrong values of options are named, and nothing is started", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    const std::pair<const char*, const char*> cases[] = {
        {"--kill-timeout", "soon"},    {"--max-memory-restart", "much"},
        {"--restart-delay", "1x"},     {"--listen-timeout", "-"},
        {"--stop-exit-codes", "one"},  {"--min-uptime", "5"},
        {"--cron-restart", "@reboot"}, {"--cron-restart", "2026-13-01T00:00:00"},
        {"--watch-delay", "later"},    {"--exp-backoff-restart-delay", "x"},
    };
    for (const auto& [option, value] : cases) {
        const CommandResult refused = kpm.kpm({"start", "app.sh", option, value});
        INFO(option << " " << value << ": " << refused.out << refused.err);
        CHECK(refused.status == 1);
        CHECK(says(refused, value));
    }
    CHECK(kpm.list().empty());
}

TEST_CASE("errors: a pattern that is no regular expression is an error of every command", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "echo one\nwhile :; do sleep 1; done\n");
    good(kpm, {"start", "app.sh"});
    const auto file = kpm.home() / "logs" / "app-out.log";
    REQUIRE(eventually([&] { return kpm.read(file) == "one\n"; }));
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"logs", "/[/"},
                                               {"logs", "/[/", "--nostream"},
                                               {"logs", "/[/", "--json"},
                                               {"flush", "/[/"},
                                               {"stop", "/[/"}}) {
        const CommandResult result = kpm.kpm(words);
        INFO(words[0] << "\n" << result.out << result.err);
        CHECK(result.status == 1);
        CHECK(result.err.starts_with("[PM2][ERROR] cannot use the pattern '/[/': "));
        CHECK(result.out.empty());
    }
    CHECK(kpm.read(file) == "one\n");
    good(kpm, {"flush", "/^no/"});
    CHECK(kpm.read(file) == "one\n");
    good(kpm, {"flush", "/^ap/"});
    CHECK(kpm.read(file).empty());
}

TEST_CASE("errors: --json where there is none, and where it says nothing new", "[e2e]") {
    const KpmHome kpm;
    const CommandResult result = kpm.kpm({"stop", "all", "--json"});
    CHECK(result.status == 1);
    CHECK(says(result, "error: unknown option `--json'\n"));
    CHECK(good(kpm, {"jlist", "--json"}).out == "[]");
    CHECK(good(kpm, {"prettylist", "--json"}).out == good(kpm, {"prettylist"}).out);
}

}  // namespace kpm::errors_test
