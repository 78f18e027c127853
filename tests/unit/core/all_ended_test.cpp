// When the supervisor says that nothing is left to supervise.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

struct EndBench : Bench {
    int told = 0;
    std::optional<LastEnd> last;

    void ask() {
        run([this] {
            supervisor.when_all_ended([this](const std::optional<LastEnd>& end) {
                ++told;
                last = end;
            });
        });
    }
};

ecosystem::AppConfig once(std::string name = "job") {
    ecosystem::AppConfig config = forked(std::move(name));
    config.autorestart = false;
    return config;
}

}  // namespace

TEST_CASE("all ended: without an app at once, and without an end", "[unit][supervisor]") {
    EndBench bench;
    bench.ask();
    CHECK(bench.told == 1);
    CHECK_FALSE(bench.last);
}

TEST_CASE("all ended: with the exit of the last one, once", "[unit][supervisor]") {
    EndBench bench;
    bench.add(once("one"));
    const AppKey one = bench.host.last();
    bench.happen(Spawned{10});
    bench.add(once("two"));
    bench.happen(Spawned{11});
    bench.ask();
    bench.happen(Exited{3, 0});
    CHECK(bench.told == 0);
    bench.happen(one, Exited{std::nullopt, SIGKILL});
    CHECK(bench.told == 1);
    REQUIRE(bench.last);
    CHECK(bench.last->name == "one");
    CHECK_FALSE(bench.last->code);
    CHECK(bench.last->signal == SIGKILL);
    bench.run([] {});
    CHECK(bench.told == 1);
}

TEST_CASE("all ended: not while one is started again, waits for that, or has a schedule",
          "[unit][supervisor]") {
    EndBench bench;
    SECTION("a restart") {
        bench.add(forked());
    }
    SECTION("a delay") {
        ecosystem::AppConfig config = forked();
        config.restart_delay = 500ms;
        bench.add(std::move(config));
    }
    SECTION("cron") {
        ecosystem::AppConfig config = once();
        config.cron_restart = "* * * * *";
        bench.add(std::move(config));
    }
    bench.happen(Spawned{10});
    bench.ask();
    bench.happen(Exited{1, 0});
    CHECK(bench.told == 0);
}

TEST_CASE("all ended: an app that cannot be started says why", "[unit][supervisor]") {
    EndBench bench;
    bench.add(forked());
    bench.ask();
    bench.happen(SpawnFailed{"cannot execute '/x': Permission denied", false});
    CHECK(bench.told == 1);
    REQUIRE(bench.last);
    CHECK(bench.last->failure == "cannot execute '/x': Permission denied");
    CHECK_FALSE(bench.last->code);
}

TEST_CASE("all ended: a restart by a client is no end, a stop and a delete are", "[unit][supervisor]") {
    EndBench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.ask();
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.told == 0);
    bench.happen(Spawned{11});
    bench.run([&] { bench.supervisor.remove(0, bench.done()); });
    CHECK(bench.told == 0);
    bench.happen(Exited{5, 0});
    bench.happen(TreeGone{});
    CHECK(bench.told == 1);
    REQUIRE(bench.last);
    CHECK(bench.last->code == 0);  // it has not failed
}
