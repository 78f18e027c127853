// Workers that leave the rotation while others of their app serve on.
#include <catch2/catch.hpp>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

// Two workers of the kpm channel that are online: 0/1 and 1/2.
struct PairBench : Bench {
    PairBench() {
        for (const int pid : {10, 11}) {
            add(clustered());
            happen(Spawned{pid});
            happen(Ready{});
        }
        host.take();
    }
};

}  // namespace

TEST_CASE("rotation: a worker of the kpm channel is drained before a stop or restart while another serves",
          "[unit][supervisor]") {
    PairBench bench;
    const AppKey first{0, 1}, second{1, 2};
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"drain 0/1"});
    CHECK(bench.state(0) == State::Draining);
    bench.happen(first, Drained{});
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(first, Exited{0, 0});
    bench.happen(first, TreeGone{});
    bench.happen(Spawned{12});
    bench.happen(Ready{});
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
    bench.host.take();

    bench.run([&] { bench.supervisor.remove(1, bench.done()); });
    CHECK(bench.host.take() == Lines{"drain 1/2"});
    bench.pass(1600ms);  // it does not say that it has: no longer than any stop may take
    CHECK(bench.host.take() == Lines{"signal 1/2 2"});
    bench.happen(second, Exited{0, 0});
    bench.happen(second, TreeGone{});
    CHECK(bench.supervisor.find(1) == nullptr);
    bench.host.take();

    // The last one: nobody would serve meanwhile.
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"turn-away render", "signal 0/3 2"});
}

TEST_CASE("rotation: who is scaled away may take drain_timeout to finish, and no longer",
          "[unit][supervisor]") {
    PairBench bench;
    bench.run([&] { bench.supervisor.retire(1, bench.done()); });
    CHECK(bench.host.take() == Lines{"drain 1/2"});
    SECTION("it does not finish") {
        bench.pass(29'999ms);
        CHECK(bench.host.take().empty());
        bench.pass(1ms);
        CHECK(bench.host.take() == Lines{"signal 1/2 2"});
    }
    SECTION("it has finished") {
        bench.pass(20s);
        bench.happen({1, 2}, Drained{});
        CHECK(bench.host.take() == Lines{"signal 1/2 2"});
        bench.happen({1, 2}, TreeGone{});
        CHECK(bench.supervisor.find(1) == nullptr);
        CHECK(bench.answer.has_value());
    }
    SECTION("a delete meanwhile does not wait") {
        bench.run([&] { bench.supervisor.remove(1, bench.done()); });
        CHECK(bench.host.take() == Lines{"signal 1/2 2"});
    }
}

TEST_CASE("rotation: a worker without its channel serves nobody, so another one is not drained for it",
          "[unit][supervisor]") {
    PairBench bench;
    bench.happen({1, 2}, Drained{});
    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
}
