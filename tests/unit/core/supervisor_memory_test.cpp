// What an instance takes, where there are many of it. The limits are what it takes now and a little more:
// whoever exceeds them adds a megabyte for every few thousand apps, and should know.

#include <catch2/catch.hpp>

#include "tests/support/allocated_bytes.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

constexpr int kInstances = 1000;

ecosystem::AppConfig with_environment() {
    ecosystem::AppConfig config = forked();
    for (int i = 0; i < 50; ++i)
        config.env.push_back({"VARIABLE_" + std::to_string(i), "a value of some length"});
    config.out_file = "/home/kpm/logs/web-out.log";
    config.error_file = "/home/kpm/logs/web-error.log";
    config.pid_file = "/home/kpm/pids/web.pid";
    return config;
}

void add_instances(Bench& bench) {
    for (int i = 0; i < kInstances; ++i) {
        bench.run([&] {
            bench.supervisor.add({.config = with_environment(), .unique_id = bench.host.unique_id()},
                                 bench.done());
        });
        bench.happen(Spawned{10 + i});
        // What the fake world has written down is not the supervisor's.
        bench.host.forget();
    }
}

}  // namespace

TEST_CASE("supervisor: an instance among a thousand takes less than a kilobyte", "[unit][supervisor]") {
    Bench bench;
    add_instances(bench);
    const std::size_t before = test::allocated_bytes();
    add_instances(bench);
    const std::size_t each = (test::allocated_bytes() - before) / kInstances;
    INFO(each << " bytes");
    CHECK(each > 100);  // so that what it takes was counted
    CHECK(each < 800);
    CHECK(bench.supervisor.find(2 * kInstances - 1)->current.life.state() == State::Online);
}
