// A thousand starts and stops over one kpmd leave nothing behind: no process, descriptor, thread or memory,
// neither in kpmd nor in the keeper.
#include <catch2/catch.hpp>
#include <filesystem>
#include <iterator>

#include "ipc/client.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"

namespace kpm::leaks_test {
using namespace test;

namespace {

constexpr int kWarmUp = 50;
constexpr int kCycles = 1000;
constexpr std::uintmax_t kMemoryMargin = std::uintmax_t{1} << 20;
constexpr std::chrono::seconds kCallLimit{30};

// Under AddressSanitizer freed memory is kept for a while: its growth says nothing.
#ifdef KPM_PROGRAMS_ARE_CHECKED
constexpr bool kMemoryCounts = false;
#else
constexpr bool kMemoryCounts = true;
#endif

struct Daemons {
    KpmHome kpm;
    int kpmd = 0;
    int keeper = 0;

    Daemons() {
        REQUIRE(kpm.kpm({"ping"}).status == 0);
        kpmd = kpm.daemon_pid();
        keeper = parent_of(kpmd);
        REQUIRE(command_line(keeper).find("kpm-keeper") != std::string::npos);
    }
    ipc::Client connect() const {
        auto client = ipc::Client::connect(ipc::Home(kpm.home()));
        INFO(kpm.daemon_log());
        REQUIRE(client);
        return std::move(*client);
    }
};

// One app, started and ended over and over; knows whether it runs.
class Sleeper {
public:
    Sleeper(const Daemons& daemons, ipc::Client& client) : daemons_(daemons), client_(client) {}

    // Of the ways to end a process and have another, the next one. Each is one start and one stop.
    void cycle() {
        if (id_ < 0) return start();
        switch (cycles_++ % 3) {
            case 0:
                call("restartProcessId", {{"id", id_}});
                break;
            case 1:
                call("stopProcessId", id_);
                call("startProcessId", id_);
                break;
            default:
                remove();
                start();
        }
    }
    void remove() {
        call("deleteProcessId", id_);
        id_ = -1;
    }

private:
    void start() {
        const auto& home = daemons_.kpm.home();
        // The first variable finds the process again; the second makes what is kept of an app too long to be
        // lost in the margin, and the daemon's state long enough to be compacted.
        const Json app{{"name", "sleeper"},
                       {"pm_exec_path", "/bin/sleep"},
                       {"args", {"1000"}},
                       {"exec_interpreter", "none"},
                       {"exec_mode", "fork_mode"},
                       {"instances", 1},
                       {"pm_cwd", daemons_.kpm.work().string()},
                       {"pm_out_log_path", (home / "logs" / "sleeper-out.log").string()},
                       {"pm_err_log_path", (home / "logs" / "sleeper-error.log").string()},
                       {"pm_pid_path", (home / "pids" / "sleeper.pid").string()},
                       {"env", {{"KPM_HOME", home.string()}, {"BALLAST", std::string(8000, 'x')}}}};
        const Json answer = call("kpm.start", app);
        REQUIRE(answer.size() == 1);
        id_ = answer[0]["pm2_env"]["pm_id"];
    }
    Json call(const char* method, const Json& argument) {
        auto answer = client_.call(method, Json::array({argument}), kCallLimit);
        INFO(method << ' ' << argument.dump() << ": " << (answer ? "" : answer.error().message)
                    << daemons_.kpm.daemon_log());
        REQUIRE(answer);
        return *answer;
    }

    const Daemons& daemons_;
    ipc::Client& client_;
    int id_ = -1;
    int cycles_ = 0;
};

// Clients that come for one question, that come for none, and that listen for a moment.
void visit(const Daemons& daemons) {
    ipc::Client asks = daemons.connect();
    REQUIRE(asks.call("getMonitorData"));
    ipc::Client leaves_early = daemons.connect();
    leaves_early.send("getMonitorData");
    REQUIRE(leaves_early.flush(kCallLimit));
    const ipc::Client says_nothing = daemons.connect();
    REQUIRE(ipc::Subscriber::connect(ipc::Home(daemons.kpm.home())));
}

std::size_t files_in(const std::filesystem::path& folder) {
    using Each = std::filesystem::recursive_directory_iterator;
    return static_cast<std::size_t>(std::distance(Each(folder), Each()));
}

}  // namespace

TEST_CASE("leaks: a thousand starts and stops leave nothing behind", "[e2e]") {
    const Daemons daemons;
    ipc::Client client = daemons.connect();
    Sleeper sleeper(daemons, client);
    const auto run = [&](int cycles) {
        for (int i = 1; i <= cycles; ++i) {
            sleeper.cycle();
            if (i % 10 == 0) visit(daemons);
        }
        sleeper.remove();
    };
    REQUIRE(client.call("getMonitorData"));  // so that its connection counts: the daemon has accepted it
    const ProcessFigures kpmd_at_first = figures_of(daemons.kpmd);
    const ProcessFigures keeper_at_first = figures_of(daemons.keeper);

    // What is made once and kept (buffers, files of the home) is there after some cycles.
    run(kWarmUp);
    const auto kpmd_memory = figures_of(daemons.kpmd).resident;
    const auto keeper_memory = figures_of(daemons.keeper).resident;
    const std::size_t files = files_in(daemons.kpm.home());

    run(kCycles);
    // No child, not even a zombie, and nobody who has lost its parent.
    CHECK(eventually([&] { return children_of(daemons.keeper) == std::vector{daemons.kpmd}; }));
    CHECK(children_of(daemons.kpmd).empty());
    CHECK(processes_with("KPM_HOME", daemons.kpm.home()) == std::vector{daemons.keeper, daemons.kpmd});
    CHECK(daemons.kpm.daemon_pid() == daemons.kpmd);
    CHECK(daemons.kpm.list().empty());
    // Connections and pipes are closed a moment after the answer.
    const auto descriptors = [](int pid) { return figures_of(pid).descriptors; };
    // At first the connection of the command that started the daemon may not have been closed yet.
    CHECK(eventually([&] { return descriptors(daemons.kpmd) <= kpmd_at_first.descriptors; }));
    CHECK(eventually([&] { return descriptors(daemons.keeper) <= keeper_at_first.descriptors; }));
    const ProcessFigures kpmd = figures_of(daemons.kpmd);
    const ProcessFigures keeper = figures_of(daemons.keeper);
    CHECK(kpmd.descriptors <= kpmd_at_first.descriptors);
    CHECK(keeper.descriptors <= keeper_at_first.descriptors);
    CHECK(kpmd.threads == kpmd_at_first.threads);
    CHECK(keeper.threads == keeper_at_first.threads);
    CHECK(files_in(daemons.kpm.home()) == files);
    if (kMemoryCounts) {
        CHECK(kpmd.resident <= kpmd_memory + kMemoryMargin);
        CHECK(keeper.resident <= keeper_memory + kMemoryMargin);
    }
}

}  // namespace kpm::leaks_test
