// why: who or what has ended the last processes of an app.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "ipc/base/user.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::why_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

// The ends that `why` tells of, oldest first.
Json exits(const KpmHome& kpm, const std::string& name) {
    const auto told = kpm.kpm({"why", name, "--json"});
    INFO(told.out << told.err);
    REQUIRE(told.status == 0);
    return Json::parse(told.out).at(0).at("exits");
}

bool has_ended(const KpmHome& kpm, const std::string& name, std::size_t times) {
    return eventually([&] { return exits(kpm, name).size() >= times; });
}

void start(const KpmHome& kpm, const std::vector<std::string>& options = {}) {
    std::vector<std::string> words{"start", kpm.write("app.sh", "exec sleep 600\n")};
    words.insert(words.end(), options.begin(), options.end());
    const auto started = kpm.kpm(words);
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
}

}  // namespace

TEST_CASE("why: a user's commands with who gave them, and a signal that came from outside", "[e2e]") {
    const KpmHome kpm;
    start(kpm);
    CHECK(kpm.kpm({"why", "app"}).out.find("it has not ended yet") != std::string::npos);
    const int first = kpm.find("app")["pid"];
    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    const Json restart = exits(kpm, "app").at(0);
    const auto user = find_user(::geteuid());
    REQUIRE(user);
    CHECK(restart["reason"] == "restart");
    CHECK(restart["pid"] == first);
    CHECK(restart["cause"] == "signal SIGINT");
    CHECK(restart["client"]["user"] == user->name);
    CHECK(restart["client"]["uid"] == ::geteuid());
    CHECK(restart["client"]["pid"] > 1);

    REQUIRE(::kill(kpm.find("app")["pid"].get<int>(), SIGTERM) == 0);
    REQUIRE(has_ended(kpm, "app", 2));
    CHECK(exits(kpm, "app")[1]["reason"] == "signal");
    CHECK(exits(kpm, "app")[1]["client"].is_null());

    REQUIRE(eventually([&] { return kpm.find("app")["pm2_env"]["status"] == "online"; }));
    REQUIRE(kpm.kpm({"sendSignal", "SIGTERM", "app"}).status == 0);
    REQUIRE(has_ended(kpm, "app", 3));
    CHECK(exits(kpm, "app")[2]["reason"] == "send_signal");
    CHECK(exits(kpm, "app")[2]["detail"] == "SIGTERM");

    REQUIRE(eventually([&] { return kpm.find("app")["pm2_env"]["status"] == "online"; }));
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    CHECK(exits(kpm, "app").back()["reason"] == "stop");

    const std::string text = kpm.kpm({"why", "app"}).out;
    INFO(text);
    CHECK(text.find("signal SIGINT: restarted by " + user->name + ", pid ") != std::string::npos);
    CHECK(text.find("signal SIGTERM: kpm did not send it") != std::string::npos);
    CHECK(text.find("signal SIGTERM: SIGTERM sent by " + user->name + ", pid ") != std::string::npos);
    CHECK(text.find("last exit: signal SIGINT: stopped by " + user->name) != std::string::npos);
}

TEST_CASE("why: the file whose change has restarted the app", "[e2e]") {
    const KpmHome kpm;
    kpm.write("src/file", "");
    start(kpm, {"--watch", "src"});
    int version = 0;
    REQUIRE(eventually([&] {
        kpm.write("src/file", std::to_string(version++));
        return !exits(kpm, "app").empty();
    }));
    CHECK(exits(kpm, "app")[0]["reason"] == "watch");
    CHECK(exits(kpm, "app")[0]["detail"] == (kpm.work() / "src/file").string());
}

TEST_CASE("why: a launch that failed tells its stage", "[e2e]") {
    const KpmHome kpm;
    fs::create_directory(kpm.work() / "gone");
    start(kpm, {"--cwd", (kpm.work() / "gone").string()});
    REQUIRE(kpm.kpm({"stop", "app"}).status == 0);
    fs::remove(kpm.work() / "gone");
    CHECK(kpm.kpm({"restart", "app"}).status == 1);
    const Json last = exits(kpm, "app").back();
    CHECK(last["reason"] == "not_started");
    CHECK(last["pid"].is_null());
    CHECK(last["cause"].get<std::string>().find((kpm.work() / "gone").string()) != std::string::npos);
    const std::string text = kpm.kpm({"why", "app"}).out;
    INFO(text);
    CHECK(text.find("not started  " + last["cause"].get<std::string>()) != std::string::npos);
}

TEST_CASE("why: the history survives flush and kill -9 of kpmd, and goes with the app", "[e2e]") {
    const KpmHome kpm;
    start(kpm);
    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    REQUIRE(kpm.kpm({"flush"}).status == 0);
    REQUIRE(::kill(kpm.find("app")["pid"].get<int>(), SIGTERM) == 0);
    REQUIRE(has_ended(kpm, "app", 2));
    const Json before = exits(kpm, "app");

    const int daemon = kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return kpm.daemon_pid() != daemon && kpm.kpm({"ping"}).status == 0; }));
    CHECK(exits(kpm, "app") == before);
    CHECK(before[0]["reason"] == "restart");
    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    CHECK(exits(kpm, "app").size() == 3);

    REQUIRE(kpm.kpm({"delete", "app"}).status == 0);
    start(kpm);
    REQUIRE(kpm.find("app")["pm_id"] == 0);
    CHECK(exits(kpm, "app").empty());
}

namespace {

// A control group of 400 MB below this process's own; "" = the machine gives none, and why.
class MemoryGroup {
public:
    MemoryGroup() {
        std::ifstream groups("/proc/self/cgroup");
        std::string line, unified, memory;
        while (std::getline(groups, line)) {
            if (line.starts_with("0::")) unified = line.substr(3);
            if (const auto at = line.find(":memory:"); at != std::string::npos) memory = line.substr(at + 8);
        }
        if (!memory.empty()) {
            make("/sys/fs/cgroup/memory" + memory, "memory.limit_in_bytes");
            if (folder_.empty()) make("/sys/fs/cgroup/memory", "memory.limit_in_bytes");
        } else if (!unified.empty()) {
            make("/sys/fs/cgroup" + unified, "memory.max");
        }
    }
    ~MemoryGroup() {
        if (!folder_.empty()) (void)eventually([&] { return ::rmdir(folder_.c_str()) == 0; });
    }
    MemoryGroup(const MemoryGroup&) = delete;
    MemoryGroup& operator=(const MemoryGroup&) = delete;

    const std::string& folder() const { return folder_; }

private:
    void make(const std::string& parent, const char* limit) {
        const std::string folder = parent + "/kpm-why-" + std::to_string(::getpid());
        if (::mkdir(folder.c_str(), 0755) != 0) return;
        std::ofstream file(folder + "/" + limit);
        if (file.is_open() && file << (400 << 20) && file.flush())
            folder_ = folder;
        else
            ::rmdir(folder.c_str());
    }

    std::string folder_;
};

}  // namespace

TEST_CASE("why: an end by the kernel's OOM killer", "[e2e]") {
    const MemoryGroup group;
    if (group.folder().empty()) {
        WARN("NOT RUN: no control group with a memory limit can be made on this machine");
        return;
    }
    const KpmHome kpm;
    kpm.write("hog.sh", "echo 1000 > /proc/self/oom_score_adj; exec tail /dev/zero\n");
    const auto started =
        run_command({"sh", "-c", "echo $$ > \"$1/cgroup.procs\"; exec \"$2\" start hog.sh --no-autorestart",
                     "sh", group.folder(), bin_dir() / "kpm"},
                    kpm.env(), kpm.work());
    INFO(started.out << started.err);
    REQUIRE(has_ended(kpm, "hog", 1));
    INFO(kpm.daemon_log());
    const Json last = exits(kpm, "hog").back();
    CHECK(last["cause"] == "signal SIGKILL");
    CHECK(last["reason"] == "oom");
    CHECK(last["text"].get<std::string>().find("OOM killer, probably") != std::string::npos);
    const auto described = kpm.kpm({"describe", "hog"});
    CHECK(described.out.find("signal SIGKILL, probably by the kernel's OOM killer") != std::string::npos);
    CHECK(kpm.daemon_log().find("App [hog:0] was probably ended by the kernel's OOM killer") !=
          std::string::npos);
}

}  // namespace kpm::why_test
