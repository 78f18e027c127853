#pragma once
// The supervisor over a World, with clients that start, stop, restart, reload, add and delete at random,
// clock steps, and daemons that die between and inside their turns. Checks after each turn what must hold of
// the slots it touched, and at the end that everything can be stopped and nothing was lost.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "tests/sim/world.h"

namespace kpm::sim {

struct Options {
    std::uint64_t seed = 1;
    int apps = 1'000;
    std::uint64_t events = 1'000'000;
    int traced = -1;  // pm_id whose life is printed, -1 = none
};

struct Summary {
    std::uint64_t events = 0, spawns = 0, requests = 0, daemons = 1;
    std::chrono::hours virtual_time{0};
};

class Simulation {
public:
    explicit Simulation(const Options& options);
    // Throws a Violation.
    Summary run();

private:
    void make_supervisor();
    void turn();
    void step();
    void request();
    void replace_daemon();
    void check(int pm_id);
    void check_instance(int pm_id, const core::Instance& instance);
    void finish();
    core::Done expect(const char* what, int pm_id);
    core::NewApp new_app();
    int random_app();

    Options options_;
    Chance chance_;
    World world_;
    std::unique_ptr<core::Supervisor> supervisor_;
    std::set<int> touched_;                      // slots that this turn may have changed
    std::unordered_map<int, int> restarts_;      // the counter last seen, per slot
    std::map<std::uint64_t, std::string> open_;  // requests without an answer
    std::uint64_t next_request_ = 1;
    std::set<int> deleted_;  // asked for; a later daemon goes on with it
    Summary summary_;
    core::TimePoint next_request_at_{};
    core::Duration quiet_{};  // the longest time between two requests about one app
};

}  // namespace kpm::sim
