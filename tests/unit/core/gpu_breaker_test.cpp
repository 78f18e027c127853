#include "daemon/core/gpu_breaker.h"

#include <catch2/catch.hpp>

using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

const std::string kOne = "0000:41:00.0";
const std::string kOther = "0000:c1:00.0";

TimePoint at(Duration time) {
    return TimePoint{1h} + time;
}

}  // namespace

TEST_CASE("gpu breaker: one worker alone holds nothing, however often it fails", "[unit][gpu]") {
    GpuBreaker breaker;
    for (int i = 0; i < 20; ++i) CHECK_FALSE(breaker.fail(kOne, 1, at(i * 100ms)));
    CHECK(breaker.health(kOne, at(2s)) == GpuHealth::Healthy);
    CHECK(breaker.hold(kOne, at(2s)) == 0ms);
}

TEST_CASE("gpu breaker: two workers within ten seconds hold restarts for five", "[unit][gpu]") {
    GpuBreaker breaker;
    CHECK_FALSE(breaker.fail(kOne, 1, at(0s)));
    CHECK(breaker.fail(kOne, 2, at(9999ms)));
    CHECK(breaker.health(kOne, at(10s)) == GpuHealth::Held);
    CHECK(breaker.hold(kOne, at(9999ms)) == 5s);
    CHECK(breaker.hold(kOne, at(14998ms)) == 1ms);
    CHECK(breaker.hold(kOne, at(14999ms)) == 0ms);
    CHECK(breaker.health(kOne, at(14999ms)) == GpuHealth::Healthy);
    CHECK(breaker.health(kOther, at(10s)) == GpuHealth::Healthy);
}

TEST_CASE("gpu breaker: failures further apart, or on two GPUs, are no common cause", "[unit][gpu]") {
    GpuBreaker breaker;
    CHECK_FALSE(breaker.fail(kOne, 1, at(0s)));
    CHECK_FALSE(breaker.fail(kOther, 2, at(1s)));
    CHECK_FALSE(breaker.fail(kOne, 2, at(10s)));
    CHECK(breaker.fail(kOne, 3, at(19s)));  // with the one at 10 s
}

TEST_CASE("gpu breaker: what fails while it is held is the same event's", "[unit][gpu]") {
    GpuBreaker breaker;
    breaker.fail(kOne, 1, at(0s));
    CHECK(breaker.fail(kOne, 2, at(1s)));
    for (int worker = 3; worker < 10; ++worker) CHECK_FALSE(breaker.fail(kOne, worker, at(2s)));
    CHECK(breaker.hold(kOne, at(2s)) == 4s);  // not longer by it
    CHECK_FALSE(breaker.fail(kOne, 3, at(7s)));
    CHECK(breaker.health(kOne, at(7s)) == GpuHealth::Healthy);
}

TEST_CASE("gpu breaker: again within a minute after the hold it is unhealthy, for good", "[unit][gpu]") {
    GpuBreaker breaker;
    breaker.fail(kOne, 1, at(0s));
    breaker.fail(kOne, 2, at(0s));  // held until 5 s
    SECTION("at once") {
        breaker.fail(kOne, 1, at(5s));
        CHECK(breaker.fail(kOne, 2, at(5s)));
    }
    SECTION("at the end of the minute") {
        breaker.fail(kOne, 1, at(60s));
        CHECK(breaker.fail(kOne, 2, at(64999ms)));
    }
    CHECK(breaker.health(kOne, at(65s)) == GpuHealth::Unhealthy);
    CHECK(breaker.hold(kOne, at(65s)) == 0ms);  // nobody waits for it
    CHECK(breaker.health(kOne, at(1000h)) == GpuHealth::Unhealthy);
    CHECK_FALSE(breaker.fail(kOne, 3, at(1000h)));
    CHECK(breaker.health(kOther, at(65s)) == GpuHealth::Healthy);
}

TEST_CASE("gpu breaker: after a quiet minute the next event is a first one", "[unit][gpu]") {
    GpuBreaker breaker;
    breaker.fail(kOne, 1, at(0s));
    breaker.fail(kOne, 2, at(0s));
    breaker.fail(kOne, 1, at(65s));
    CHECK(breaker.fail(kOne, 2, at(65s)));
    CHECK(breaker.health(kOne, at(65s)) == GpuHealth::Held);
}

TEST_CASE("gpu breaker: a GPU that can be probed is held until it answers", "[unit][gpu]") {
    GpuBreaker breaker;
    breaker.fail(kOne, 1, at(0s), true);
    CHECK_FALSE(breaker.next_probe());
    REQUIRE(breaker.fail(kOne, 2, at(0s), true));
    CHECK(breaker.next_probe() == at(5s));
    CHECK(breaker.take_probes(at(4999ms)).empty());
    CHECK(breaker.take_probes(at(5s)) == std::vector{kOne});
    CHECK(breaker.take_probes(at(5s)).empty());
    CHECK_FALSE(breaker.next_probe());
    CHECK(breaker.health(kOne, at(6s)) == GpuHealth::Held);
    SECTION("it does, or nobody can tell") {
        CHECK(breaker.probed(kOne, GENERATE(GpuProbeResult::Answers, GpuProbeResult::Unknown), at(7s)));
        CHECK(breaker.health(kOne, at(7s)) == GpuHealth::Healthy);
        CHECK_FALSE(breaker.next_probe());
        // It is on probation.
        breaker.fail(kOne, 1, at(66s), true);
        CHECK(breaker.fail(kOne, 2, at(66s), true));
        CHECK(breaker.health(kOne, at(66s)) == GpuHealth::Unhealthy);
    }
    SECTION("it does not, and is asked again") {
        CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Fails, at(7s)));
        CHECK(breaker.health(kOne, at(7s)) == GpuHealth::Held);
        CHECK(breaker.next_probe() == at(12s));
        CHECK(breaker.take_probes(at(12s)) == std::vector{kOne});
        SECTION("it does now") {
            CHECK(breaker.probed(kOne, GpuProbeResult::Answers, at(13s)));
            CHECK(breaker.health(kOne, at(13s)) == GpuHealth::Healthy);
        }
        SECTION("nor now") {
            CHECK(breaker.probed(kOne, GpuProbeResult::Fails, at(13s)));
            CHECK(breaker.health(kOne, at(13s)) == GpuHealth::Unhealthy);
            CHECK(breaker.hold(kOne, at(13s)) == 0ms);
            CHECK_FALSE(breaker.next_probe());
        }
    }
    SECTION("nobody ever says") {
        CHECK(breaker.health(kOne, at(30'999ms)) == GpuHealth::Held);
        CHECK(breaker.health(kOne, at(31s)) == GpuHealth::Healthy);
    }
}

TEST_CASE("gpu breaker: an answer that nobody waits for says nothing", "[unit][gpu]") {
    GpuBreaker breaker;
    CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Fails, at(0s)));
    breaker.fail(kOne, 1, at(0s), true);
    breaker.fail(kOne, 2, at(0s), true);
    CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Fails, at(1s)));  // not asked yet
    CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Answers, at(1s)));
    CHECK(breaker.next_probe() == at(5s));
    breaker.take_probes(at(5s));
    CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Fails, at(31s)));  // the hold is over
    CHECK(breaker.health(kOne, at(31s)) == GpuHealth::Healthy);
    CHECK_FALSE(breaker.next_probe());
}

TEST_CASE("gpu breaker: the probes of one hold do not count for the next", "[unit][gpu]") {
    GpuBreaker breaker;
    for (const Duration start : {Duration{0s}, Duration{200s}}) {
        breaker.fail(kOne, 1, at(start), true);
        REQUIRE(breaker.fail(kOne, 2, at(start), true));
        REQUIRE(breaker.take_probes(at(start + 5s)).size() == 1);
        CHECK_FALSE(breaker.probed(kOne, GpuProbeResult::Fails, at(start + 6s)));
        REQUIRE(breaker.take_probes(at(start + 11s)).size() == 1);
        CHECK(breaker.probed(kOne, GpuProbeResult::Answers, at(start + 12s)));
    }
    CHECK(breaker.health(kOne, at(212s)) == GpuHealth::Healthy);
}
