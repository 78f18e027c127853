// Workers of the kpm channel that are stopped: they finish what they have, and nobody gives them more.
#include <catch2/catch.hpp>
#include <future>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/under_load.h"
#include "tests/support/ws_client.h"

namespace kpm::channel_stop_test {
using namespace test;

namespace {

// Answers each request with its pid, after a while. Told to stop, it ends at once; or, where there is a file
// `slow`, says so in a file and lives until there is a file `go`, taking what it is given.
constexpr const char* kWorker = R"(import os, signal, socket, struct, time
channel = socket.socket(fileno=int(os.environ["KPM_CHANNEL_FD"]))
def say(kind, value=0): channel.send(struct.pack("<HHIQ", kind, 1, 0, value))
stopping = False
def stop(*_):
    global stopping
    if not os.path.exists("slow"): os._exit(0)
    stopping = True
    open("stopping", "w").close()
signal.signal(signal.SIGINT, stop)
say(16)
channel.settimeout(0.01)
body = str(os.getpid()).encode()
while not (stopping and os.path.exists("go")):
    try: packet, ancillary, _, _ = channel.recvmsg(16, socket.CMSG_SPACE(4))
    except socket.timeout: continue
    if not packet: break
    kind = struct.unpack_from("<H", packet)[0]
    if kind == 1:
        client = socket.socket(fileno=struct.unpack("i", ancillary[0][2][:4])[0])
        client.setblocking(True)
        say(17)
        client.recv(4096)
        time.sleep(0.03)
        client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        client.close()
        say(19)
    if kind == 2: say(21)
)";

struct Workers {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    explicit Workers(int instances) {
        kpm.write("worker.py", kWorker);
        kpm.write("ecosystem.json", R"({"apps":[{"name":"w","script":"worker.py","interpreter":"python3",
            "exec_mode":"cluster","kpm_channel":true,"listen_timeout":60000,"kill_timeout":60000,
            "instances":)" + std::to_string(instances) +
                                        R"(,"listen":["127.0.0.1:)" + std::to_string(port) + "\"]}]}");
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
};

}  // namespace

TEST_CASE("channel stop: restart and scale drain a worker while another one serves", "[e2e]") {
    const Workers workers(2);
    HttpLoad load(workers.port, 3, 0);
    REQUIRE(load.wait_for(20));
    run_under(load, workers.kpm, {"restart", "w"});
    run_under(load, workers.kpm, {"scale", "w", "3"});
    run_under(load, workers.kpm, {"scale", "w", "1"});
    stop_without_loss(load, workers.kpm);
    CHECK(workers.kpm.list().size() == 1);
}

TEST_CASE("channel stop: a worker that is told to stop gets nothing new, and its successor does", "[e2e]") {
    const Workers workers(1);
    const KpmHome& kpm = workers.kpm;
    const int pid = kpm.find("w")["pid"];
    kpm.write("slow", "");
    const RunningCommand restart({(bin_dir() / "kpm").string(), "restart", "w"}, kpm.env(), kpm.work());
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "stopping"); }));
    // Its figures come from the data plane, which has done by then what it was told before.
    const auto look = [&] { REQUIRE(kpm.kpm({"describe", "w"}).status == 0); };
    look();
    HttpClient client(workers.port);
    auto body = std::async(std::launch::async, [&] {
        const auto reply = client.get("/");
        return reply ? reply->body : "nothing";
    });
    look();
    std::filesystem::remove(kpm.work() / "slow");
    kpm.write("go", "");
    const std::string answer = body.get();
    INFO(kpm.daemon_log());
    CHECK(answer != "nothing");
    CHECK(answer != std::to_string(pid));
}

}  // namespace kpm::channel_stop_test
