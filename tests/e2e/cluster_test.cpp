// Render workers behind one port: the sound is right, a reload loses nothing, a crash only what that worker
// had.
#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/render_load.h"
#include "tests/support/under_load.h"
#include "tests/support/ws_client.h"

namespace kpm::cluster_test {
using namespace test;

namespace {

struct Cluster {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    explicit Cluster(int instances = 2) {
        kpm.write("ecosystem.json",
                  R"({"apps":[{"name":"render","script":")" + (bin_dir() / "render-worker").string() +
                      R"(","exec_mode":"cluster","instances":)" + std::to_string(instances) +
                      R"(,"kpm_channel":true,"gpu":"none","listen_timeout":60000,"listen":["127.0.0.1:)" +
                      std::to_string(port) + "\"]}]}");
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
    std::string genome(const std::string& name = "s03_additive") const {
        return kpm.read(source_dir() / "examples" / (name + ".json"));
    }
};

}  // namespace

TEST_CASE("cluster: two workers share one port and both get connections", "[e2e]") {
    const Cluster cluster;
    for (int i = 0; i < 20; ++i) {
        HttpClient client(cluster.port);
        const auto reply = client.get("/health");
        REQUIRE(reply);
        CHECK(reply->status == 200);
    }
    const CommandResult described = cluster.kpm.kpm({"describe", "render"});
    INFO(described.out);
    CHECK(described.status == 0);
    const Json rows = cluster.kpm.list();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0]["pm2_env"]["exec_mode"] == "cluster_mode");
}

TEST_CASE("cluster: kpmd maps no GPU library", "[e2e]") {
    const Cluster cluster;
    const std::string maps = cluster.kpm.read("/proc/" + std::to_string(cluster.kpm.daemon_pid()) + "/maps");
    REQUIRE(maps.find("kpmd") != std::string::npos);
    for (const char* library : {"libEGL", "libGL", "libvulkan", "libcuda", "libnvidia", "libLLVM"})
        CHECK(maps.find(library) == std::string::npos);
}

TEST_CASE("cluster: reloads under constant load lose no request", "[e2e]") {
    const Cluster cluster;
    const int daemon = cluster.kpm.daemon_pid();
    RenderLoad load(cluster.port, cluster.genome(), 2, 2);
    REQUIRE(eventually([&] { return load.figures().requests > 20; }));
    for (int i = 0; i < reload_count(); ++i) {
        const CommandResult reloaded = cluster.kpm.kpm({"reload", "render"});
        INFO(i << reloaded.out << reloaded.err << cluster.kpm.daemon_log());
        REQUIRE(reloaded.status == 0);
    }
    const LoadFigures figures = load.stop();
    WARN(reload_count() << " reloads, " << figures.requests << " requests, " << figures.failures
                        << " failed");
    CAPTURE(figures.reasons);
    CHECK(figures.failures == 0);
    CHECK(cluster.kpm.daemon_pid() == daemon);
    for (const Json& row : cluster.kpm.list()) CHECK(row["pm2_env"]["restart_time"] == reload_count());
}

TEST_CASE("cluster: a worker that is killed is replaced, and the service goes on", "[e2e]") {
    const Cluster cluster;
    RenderLoad load(cluster.port, cluster.genome(), 2, 1);
    REQUIRE(eventually([&] { return load.figures().requests > 20; }));
    const Json before = cluster.kpm.list();
    const int victim = before[0]["pid"];
    const auto failures_before = load.figures().failures;
    REQUIRE(::kill(victim, SIGKILL) == 0);
    REQUIRE(eventually([&] {
        const Json row = cluster.kpm.list()[0];
        return row["pid"] != victim && row["pm2_env"]["status"] == "online";
    }));
    const auto then = load.figures().requests;
    REQUIRE(eventually([&] { return load.figures().requests > then + 30; }));
    const LoadFigures figures = load.stop();
    CHECK(failures_before == 0);
    // Each client had at most one request with the dead worker.
    CAPTURE(figures.reasons);
    CHECK(figures.failures <= 3);
    CHECK(cluster.kpm.list()[1]["pid"] == before[1]["pid"]);
}

TEST_CASE("cluster: a reload whose new worker never gets ready fails, and the old one serves on", "[e2e]") {
    const KpmHome kpm;
    const int port = free_port();
    const std::string worker = (bin_dir() / "render-worker").string();
    // The first start is the worker, every later one a program that never says ready.
    kpm.write("worker.sh",
              "if [ -e started ]; then exec sleep 1000; fi\ntouch started\nexec " + worker + "\n");
    kpm.write(
        "ecosystem.json",
        R"({"apps":[{"name":"render","script":"./worker.sh","interpreter":"bash","exec_mode":"cluster","instances":1,
              "kpm_channel":true,"gpu":"none","listen_timeout":60000,"listen":["127.0.0.1:)" +
            std::to_string(port) + "\"]}]}");
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    const int pid = kpm.find("render")["pid"];
    const CommandResult reloaded = kpm.kpm({"reload", "render", "--listen-timeout", "500"});
    INFO(reloaded.out << reloaded.err << kpm.daemon_log());
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err).find("not ready within 500 ms") != std::string::npos);
    CHECK(kpm.find("render")["pid"] == pid);
    HttpClient client(static_cast<std::uint16_t>(port));
    const auto reply = client.get("/health");
    REQUIRE(reply);
    CHECK(reply->status == 200);
}

// A worker of the kpm channel that answers with its pid; `broken` is what it does, as soon as there is a file
// of that name, in place of saying ready.
TEST_CASE("cluster: broken reloads fail and say why, and the old workers serve every request", "[e2e]") {
    struct Case {
        const char* broken;
        const char* reason;
    };
    const auto [broken, reason] = GENERATE(values<Case>({
        {"time.sleep(1000)", "not ready within 700 ms"},
        {"sys.exit(7)", "exited with code 7"},
        {"channel.close(); time.sleep(1000)", "cannot reload"},
        {"say(16); sys.exit(7)", "the new process was ready and then exited with code 7"},
        {"say(16); channel.close(); time.sleep(1000)", "the new process was ready and then"},
    }));
    INFO(broken);
    const KpmHome kpm;
    kpm.write("worker.py", std::string(R"(import array, os, socket, struct, sys, time
channel = socket.socket(fileno=int(os.environ["KPM_CHANNEL_FD"]))
def say(kind, value=0): channel.send(struct.pack("<HHIQ", kind, 1, 0, value))
if os.path.exists("broken"):
    )") + broken + R"(
say(16); say(16)  # ready, and once more
body = str(os.getpid()).encode()
while True:
    packet, ancillary, _, _ = channel.recvmsg(16, socket.CMSG_SPACE(4))
    if not packet: break
    kind, _, _, value = struct.unpack("<HHIQ", packet)
    if kind == 1:
        client = socket.socket(fileno=struct.unpack("i", ancillary[0][2][:4])[0])
        client.setblocking(True)
        say(17)
        client.recv(4096)
        client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        client.close()
        say(19)
    if kind == 2: say(21)
)");
    const auto port = static_cast<std::uint16_t>(free_port());
    kpm.write("ecosystem.json", R"({"apps":[{"name":"w","script":"worker.py","interpreter":"python3",
        "exec_mode":"cluster","instances":2,"kpm_channel":true,"wait_ready":true,"listen_timeout":60000,"listen":["127.0.0.1:)" +
                                    std::to_string(port) + "\"]}]}");
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const int sibling = kpm.list()[1]["pid"];
    HttpLoad load(port, 2, 0);
    REQUIRE(load.wait_for(20));
    run_under(load, kpm, {"reload", "w"});
    REQUIRE(kpm.list()[1]["pid"] != sibling);
    const Json before = kpm.list();
    kpm.write("broken", "");
    const bool ends = std::string_view(reason).find("not ready") == std::string_view::npos;
    const CommandResult reloaded =
        kpm.kpm({"reload", "w", "--listen-timeout", ends ? kEnough : "700", "--min-ready-time", kEnough});
    INFO(reloaded.out << reloaded.err << kpm.daemon_log());
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err).find(reason) != std::string::npos);
    REQUIRE(load.wait_for(20));
    stop_without_loss(load, kpm);
    CHECK(kpm.list()[1]["pid"] == before[1]["pid"]);
}

TEST_CASE("cluster: a worker that gives up its channel is replaced", "[e2e]") {
    const KpmHome kpm;
    kpm.write("worker.py", R"(import os, socket, struct, time
channel = socket.socket(fileno=int(os.environ["KPM_CHANNEL_FD"]))
channel.send(struct.pack("<HHIQ", 16, 1, 0, 0))
with open("lives", "a") as lives: lives.write("%d\n" % os.getpid())
if sum(1 for line in open("lives")) == 1:
    while not os.path.exists("go"): time.sleep(0.01)
    channel.close()
time.sleep(300)
)");
    kpm.write(
        "ecosystem.json",
        R"({"apps":[{"name":"w","script":"worker.py","interpreter":"python3","exec_mode":"cluster","instances":1,
                  "kpm_channel":true,"wait_ready":true,"listen_timeout":60000,"listen":["127.0.0.1:)" +
            std::to_string(free_port()) + "\"]}]}");
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const int first = kpm.find("w")["pid"];
    kpm.write("go", "");
    REQUIRE(eventually([&] { return kpm.find("w")["pm2_env"]["restart_time"] == 1; }));
    CHECK_FALSE(is_running(first));
    CHECK(kpm.daemon_log().find("has lost its channel and is ended: the worker has closed its channel") !=
          std::string::npos);
    CHECK(eventually([&] { return kpm.find("w")["pm2_env"]["status"] == "online"; }));
}

TEST_CASE("cluster: the example of the kpm channel serves, reloads and survives the daemon", "[e2e]") {
    const KpmHome kpm;
    const auto port = static_cast<std::uint16_t>(free_port());
    kpm.write("ecosystem.json", R"({"apps":[{"name":"hi","script":")" +
                                    (source_dir() / "examples" / "kpm_channel.py").string() +
                                    R"(","interpreter":"python3","exec_mode":"cluster","instances":2,
                  "kpm_channel":true,"wait_ready":true,"listen_timeout":60000,"listen":["127.0.0.1:)" +
                                    std::to_string(port) + "\"]}]}");
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const auto answer = [&] {
        const auto reply = HttpClient(port).get("/");
        return reply ? reply->body : "nothing";
    };
    for (int i = 0; i < 4; ++i) CHECK(answer() == "hi\n");
    REQUIRE(kpm.kpm({"reload", "hi"}).status == 0);
    CHECK(answer() == "hi\n");
    for (const Json& row : kpm.list())  // the old worker has not taken the new one's with it
        CHECK(kpm.read(kpm.home() / "pids" / fmt::format("hi-{}.pid", row["pm_id"].get<int>())) ==
              std::to_string(row["pid"].get<int>()));
    const int daemon = kpm.daemon_pid();
    ::kill(daemon, SIGKILL);
    CHECK(answer() == "hi\n");  // waits in the backlog until the next daemon is there
    CHECK(kpm.list().size() == 2);
    CHECK(kpm.daemon_pid() != daemon);
}

}  // namespace kpm::cluster_test
