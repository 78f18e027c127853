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
