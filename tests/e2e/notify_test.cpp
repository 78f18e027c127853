// systemd's notify protocol, spoken by real apps that know nothing of kpm.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::notify_test {
using namespace test;

namespace {

// What the scripts have in common: sd_notify in four lines.
constexpr const char* kModule = R"(import os, socket
def notify(text):
    address = os.environ["NOTIFY_SOCKET"]
    if address[0] == "@": address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender: sender.sendto(text.encode(), address)
)";

// Pings ten times in its interval until there is a file `hang`; says STATUS=late once there is a file
// `speak`.
constexpr const char* kWatched = R"(import os, time
from sd import notify
open("told", "w").write(os.environ["WATCHDOG_USEC"] + " " + os.environ["WATCHDOG_PID"] + " " + str(os.getpid()))
notify("READY=1")
while not os.path.exists("hang"):
    notify("WATCHDOG=1")
    if os.path.exists("speak") and not os.path.exists("spoken"):
        notify("STATUS=late")
        open("spoken", "w")
    time.sleep(0.1)
os.remove("hang")
time.sleep(600)
)";

CommandResult start(const KpmHome& kpm, const std::string& script, Json more = Json::object()) {
    kpm.write("sd.py", kModule);
    kpm.write("app.py", script);
    Json app{{"name", "app"}, {"script", "app.py"}, {"interpreter", "python3"}, {"listen_timeout", 30000}};
    app.update(more);
    kpm.write("ecosystem.json", Json{{"apps", Json::array({app})}}.dump());
    return kpm.kpm({"start", "ecosystem.json"});
}

std::string status_text(const KpmHome& kpm) {
    return kpm.find("app")["pm2_env"].value("status_text", "none");
}

const Json kWatchdog{{"wait_ready", true}, {"listen_timeout", 60000}, {"watchdog", 1000}};

}  // namespace

TEST_CASE("notify: wait_ready waits for READY=1, and STATUS= is shown", "[e2e]") {
    const KpmHome kpm;
    const CommandResult started = start(kpm, R"(import time
from sd import notify
time.sleep(0.3)
open("said", "w")
notify("READY=1\nSTATUS=warm as toast")
time.sleep(600)
)",
                                        {{"wait_ready", true}, {"listen_timeout", 60000}});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(std::filesystem::exists(kpm.work() / "said"));  // the command did not return before
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
    CHECK(status_text(kpm) == "warm as toast");
    const std::string described = kpm.kpm({"describe", "app"}).out;
    CHECK(described.find("status text") != std::string::npos);
    CHECK(described.find("warm as toast") != std::string::npos);
}

TEST_CASE("notify: an app that says other things, but not READY=1, is not ready", "[e2e]") {
    const KpmHome kpm;
    const CommandResult started = start(kpm, R"(import time
from sd import notify
notify("READY=0\nSTATUS=never mind\nWATCHDOG=1")
time.sleep(600)
)",
                                        {{"wait_ready", true}, {"listen_timeout", 1500}});
    INFO(started.out << started.err);
    CHECK(started.status == 1);
    CHECK((started.out + started.err).find("cannot start 'app': not ready within 1500 ms") !=
          std::string::npos);
    CHECK(eventually([&] { return status_text(kpm) == "never mind"; }));
}

TEST_CASE("notify: a child of the app speaks for it, somebody else does not", "[e2e]") {
    const KpmHome kpm;
    kpm.write("child.py", R"(import time
from sd import notify
notify("READY=1\nSTATUS=by a child")
time.sleep(600)
)");
    const CommandResult started = start(kpm, R"(import os, subprocess, sys, time
open("address", "w").write(os.environ["NOTIFY_SOCKET"])
subprocess.Popen([sys.executable, "child.py"])
time.sleep(600)
)",
                                        {{"wait_ready", true}, {"listen_timeout", 60000}});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(status_text(kpm) == "by a child");
    const auto stranger = run_command({"python3", "-c", "from sd import notify; notify('STATUS=forged')"},
                                      {{"NOTIFY_SOCKET", kpm.read(kpm.work() / "address")}}, kpm.work());
    INFO(stranger.err);
    REQUIRE(stranger.status == 0);
    CHECK(eventually([&] { return kpm.daemon_log().find("it belongs to no app") != std::string::npos; }));
    CHECK(status_text(kpm) == "by a child");
}

TEST_CASE("notify: an app that hangs is ended by its watchdog and started again", "[e2e]") {
    const KpmHome kpm;
    const CommandResult started = start(kpm, kWatched, kWatchdog);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(started.err.find("no effect") == std::string::npos);
    const int pid = kpm.find("app")["pid"];
    CHECK(kpm.read(kpm.work() / "told") == "1000000 " + std::to_string(pid) + " " + std::to_string(pid));
    // It lives for longer than its interval while it pings.
    const auto after = std::chrono::steady_clock::now() + std::chrono::milliseconds{2500};
    REQUIRE(eventually([&] { return std::chrono::steady_clock::now() > after; }));
    CHECK(kpm.find("app")["pid"] == pid);
    kpm.write("hang", "");
    REQUIRE(eventually([&] {
        const Json row = kpm.find("app");
        return row["pm2_env"]["status"] == "online" && row["pid"] != pid;
    }));
    CHECK(kpm.find("app")["pm2_env"]["restart_time"] == 1);
    CHECK_FALSE(is_running(pid));
    const std::string log = kpm.daemon_log();
    CHECK(log.find("App [app:0] did not send WATCHDOG=1 for 1000 ms") != std::string::npos);
    CHECK(log.find("App [app:0] exited with code [0] via signal [SIGABRT]") != std::string::npos);
}

TEST_CASE("notify: a kill -9 of kpmd loses neither what is sent meanwhile nor the watch", "[e2e]") {
    const KpmHome kpm;
    const CommandResult started = start(kpm, kWatched, kWatchdog);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const int pid = kpm.find("app")["pid"];
    const int daemon = kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGSTOP) == 0);
    kpm.write("speak", "");
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "spoken"); }));
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return kpm.daemon_pid() != daemon && kpm.kpm({"ping"}).status == 0; }));
    CHECK(eventually([&] { return status_text(kpm) == "late"; }));
    const auto after = std::chrono::steady_clock::now() + std::chrono::milliseconds{2500};
    REQUIRE(eventually([&] { return std::chrono::steady_clock::now() > after; }));
    CHECK(kpm.find("app")["pid"] == pid);
    CHECK(kpm.find("app")["pm2_env"]["restart_time"] == 0);
    kpm.write("hang", "");
    CHECK(eventually([&] { return kpm.find("app")["pm2_env"]["restart_time"] == 1; }));
}

TEST_CASE("notify: an app that ends on purpose is started again, and not given up", "[e2e]") {
    const KpmHome kpm;
    const CommandResult started =
        start(kpm, R"(from sd import notify
open("starts", "a").write("x")
notify("READY=1\nSTOPPING=1\nSTATUS=bye")
)",
              {{"wait_ready", true}, {"listen_timeout", 60000}, {"max_restarts", 2}, {"min_uptime", 300}});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(eventually([&] { return kpm.read(kpm.work() / "starts").size() >= 5; }));
    const Json env = kpm.find("app")["pm2_env"];
    CHECK(env["status"] != "errored");
    CHECK(env["unstable_restarts"] == 0);
}

}  // namespace kpm::notify_test
