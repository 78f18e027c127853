// Render workers that lose their GPU, hang or die over a genome: who is replaced, who goes on, what clients
// see. The GPU is Mesa's software renderer behind an EGL library that injects the faults
// (tests/support/faulty_egl.cpp); kpmd takes it for one of a machine that is made of files.
#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/gpu_tree.h"
#include "tests/support/kpm_home.h"
#include "tests/support/ws_client.h"

namespace kpm::render_faults_test {
using namespace test;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::seconds kPatience{180};  // what makes a failed test end
constexpr int kWatchdog = 15'000;               // ms; many times what a worker on a busy machine needs
constexpr const char* kPci = "0000:41:00.0";

// Workers of one program behind one port.
struct Fleet {
    GpuTree tree;
    KpmHome kpm{{{"KPM_GPU_ROOT", tree.root()}}};
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    CommandResult start(const std::string& program, int instances, const Json& more) const {
        tree.add_four();
        Json app{{"name", "render"},        {"script", program},
                 {"exec_mode", "cluster"},  {"instances", instances},
                 {"kpm_channel", true},     {"gpu", "none"},
                 {"listen_timeout", 60000}, {"listen", Json::array({fmt::format("127.0.0.1:{}", port)})}};
        app.update(more);
        kpm.write("ecosystem.json", Json{{"apps", Json::array({app})}}.dump());
        return kpm.kpm({"start", "ecosystem.json"});
    }
    void start_well(const std::string& program, int instances, const Json& more) const {
        const CommandResult started = start(program, instances, more);
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
        REQUIRE(pids().size() == static_cast<std::size_t>(instances));
    }
    std::vector<int> pids() const {
        std::vector<int> all;
        for (const Json& row : kpm.list()) all.push_back(row["pid"]);
        return all;
    }
    // Of all workers together; nullopt while one is not online.
    std::optional<int> restarts() const {
        int sum = 0;
        for (const Json& row : kpm.list()) {
            if (row["pm2_env"]["status"] != "online") return std::nullopt;
            sum += row["pm2_env"]["restart_time"].get<int>();
        }
        return sum;
    }
    bool are_restarted(int times) const {
        return eventually([&] { return restarts() == times; }, kPatience);
    }
};

std::string worker() {
    return (bin_dir() / "render-worker").string();
}

std::string request(const Json& genome, double duration) {
    return Json{{"type", "get_audio_data"},
                {"genomeString", genome},
                {"duration", duration},
                {"useGPU", true},
                {"sampleRate", 16000}}
        .dump();
}

std::size_t bytes_of(double duration) {
    return static_cast<std::size_t>(std::lround(duration * 16000)) * 2;
}

std::string example() {
    std::ifstream file(source_dir() / "examples/s03_additive.json");
    return std::string(std::istreambuf_iterator<char>(file), {});
}

struct Answer {
    std::size_t bytes = 0;   // of the sound; 0: given up
    std::size_t errors = 0;  // retryable ones
    std::string message;     // of the newest error
};

// As a client does that sends its message again until it has a sound, or an error that says that this is no
// use.
Answer ask_until_done(std::uint16_t port, const std::string& message) {
    Answer answer;
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
        try {
            WsClient client(port);
            if (!client.send(message)) continue;
            const auto reply = client.receive(kPatience);
            if (!reply) continue;  // its worker has died
            if (!reply->text) {
                answer.bytes = reply->bytes.size();
                return answer;
            }
            const Json error = Json::parse(reply->bytes);
            answer.message = error.at("message").get<std::string>();
            if (!error.value("retryable", false)) return answer;
            ++answer.errors;
        } catch (const std::exception&) {
            std::this_thread::sleep_for(5ms);  // nobody has listened for this connection
        }
    }
    return answer;
}

// Clients that ask for one sound after the other.
class Clients {
public:
    Clients(std::uint16_t port, int count) {
        for (int i = 0; i < count; ++i)
            threads_.emplace_back([this, port, i] {
                for (int k = 0; !is_over_; ++k) {
                    // No two are the same job: none is suspected for another's fault.
                    const double duration = 0.05 + 0.005 * i + 0.000125 * k;
                    const Answer answer = ask_until_done(port, request(example(), duration));
                    ++asked;
                    if (answer.bytes == bytes_of(duration)) ++answered;
                    errors += static_cast<int>(answer.errors);
                }
            });
    }
    ~Clients() { stop(); }
    void stop() {
        is_over_ = true;
        for (std::thread& thread : threads_) thread.join();
        threads_.clear();
    }
    bool get(int more) const {
        const int then = answered;
        return eventually([&] { return answered >= then + more; }, kPatience);
    }

    std::atomic<int> asked = 0, answered = 0, errors = 0;

private:
    std::atomic<bool> is_over_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("render faults: a worker that loses its GPU is replaced, the others keep theirs, every sound comes",
          "[e2e]") {
    struct Case {
        const char* fault;
        const char* logged;
        int errors;  // at least, that clients see: its job is answered, unless it was killed
    };
    const auto [fault, logged, errors] = GENERATE(values<Case>({
        {"guilty", "exited with code [75]", 1},
        {"hang", "exited with code [76]", 1},
        {"stuck", "did not send WATCHDOG=1 for 15000 ms", 0},
    }));
    INFO(fault);
    const Fleet fleet;
    const std::string order = (fleet.kpm.work() / "order").string();
    // What the app sets itself kpmd leaves: it holds the software renderer for the GPU that it has chosen.
    const Json env{
        {"RW_GPU", "software"},      {"LD_LIBRARY_PATH", KPM_FAULTY_EGL},
        {"FAULTY_EGL_ORDER", order}, {"ASAN_OPTIONS", "detect_leaks=0"},  // the driver's are not ours
        {"LP_NUM_THREADS", "1"},     {"MESA_SHADER_CACHE_DIR", (fleet.kpm.work() / "cache").string()}};
    fleet.start_well(worker(), 3, {{"gpu", kPci}, {"env", env}, {"watchdog", kWatchdog}});
    const std::vector<int> before = fleet.pids();

    Clients clients(fleet.port, 3);
    REQUIRE(clients.get(6));
    std::ofstream(order + ".new") << fault;
    std::filesystem::rename(order + ".new", order);
    REQUIRE(fleet.are_restarted(1));
    CHECK(clients.get(6));
    clients.stop();

    CHECK(clients.answered == clients.asked);
    CHECK(clients.errors >= errors);
    const std::vector<int> after = fleet.pids();
    int changed = 0;
    for (std::size_t i = 0; i < before.size(); ++i) changed += before[i] != after.at(i) ? 1 : 0;
    CHECK(changed == 1);
    CHECK(fleet.restarts() == 1);
    CHECK_THAT(fleet.kpm.daemon_log(), Catch::Contains(logged));
    // One alone says nothing of the device.
    for (const Json& gpu : Json::parse(fleet.kpm.kpm({"gpu", "--json"}).out))
        if (gpu["pci"] == kPci) CHECK(gpu["health"] == "healthy");
}

TEST_CASE("render faults: a worker without its GPU is not started again when its exit code says so",
          "[e2e]") {
    const Fleet fleet;
    const CommandResult started =
        fleet.start(worker(), 1, {{"gpu", kPci}, {"stop_exit_codes", Json::array({69})}});
    INFO(started.out << started.err << fleet.kpm.daemon_log());
    CHECK(started.status == 1);
    CHECK(eventually([&] { return fleet.kpm.find("render")["pm2_env"]["status"] == "stopped"; }, kPatience));
    CHECK(fleet.kpm.find("render")["pm2_env"]["restart_time"] == 0);
    CHECK_THAT(started.out + started.err, Catch::Contains("cannot use gpu: no "));
}

TEST_CASE("render faults: the watchdog replaces a worker whose render thread hangs, not one at work",
          "[e2e]") {
    const Fleet fleet;
    fleet.start_well(KPM_GATE_WORKER, 2, {{"watchdog", kWatchdog}});
    const std::vector<int> before = fleet.pids();
    const auto gate = fleet.kpm.work() / "gate";
    WsClient at_work(fleet.port);
    REQUIRE(at_work.send(request({{"gate", gate.string()}, {"level", 0.5}}, 0.01)));
    WsClient hanging(fleet.port);  // the worker with fewer connections gets it
    REQUIRE(hanging.send(request({{"stuck", true}}, 0.01)));
    REQUIRE(fleet.are_restarted(1));
    const std::vector<int> after = fleet.pids();
    CHECK((before[0] == after.at(0)) != (before[1] == after.at(1)));
    CHECK_THAT(fleet.kpm.daemon_log(), Catch::Contains("did not send WATCHDOG=1 for 15000 ms"));

    std::ofstream(gate).flush();
    const auto sound = at_work.receive(kPatience);
    REQUIRE(sound);
    CHECK(sound->bytes.size() == bytes_of(0.01));
    CHECK_FALSE(hanging.receive(kPatience));
    CHECK(ask_until_done(fleet.port, request({{"level", 0.5}}, 0.01)).bytes == bytes_of(0.01));
    CHECK(fleet.restarts() == 1);
}

TEST_CASE("render faults: a genome that kills workers is tried twice, and then refused by all", "[e2e]") {
    const Fleet fleet;
    const std::string shared = (fleet.kpm.work() / "suspects").string();
    fleet.start_well(KPM_GATE_WORKER, 3, {{"args", Json::array({"suspects=" + shared})}});
    const std::vector<int> before = fleet.pids();
    const std::string deadly = request({{"crash", true}}, 0.01);
    const Answer answer = ask_until_done(fleet.port, deadly);
    CHECK(answer.bytes == 0);
    CHECK_THAT(answer.message, Catch::Contains("2 times a worker has ended over it or given it up"));
    REQUIRE(fleet.are_restarted(2));
    const std::vector<int> after = fleet.pids();
    // All of them, on connections that are open at once.
    std::vector<WsClient> clients;
    for (int i = 0; i < 3; ++i) clients.emplace_back(fleet.port);
    for (WsClient& client : clients) {
        REQUIRE(client.send(deadly));
        const auto reply = client.receive(kPatience);
        REQUIRE(reply);
        CHECK(reply->text);
    }
    CHECK(fleet.pids() == after);
    CHECK(before != after);
    CHECK(ask_until_done(fleet.port, request({{"level", 0.5}}, 0.01)).bytes == bytes_of(0.01));
}

}  // namespace kpm::render_faults_test
