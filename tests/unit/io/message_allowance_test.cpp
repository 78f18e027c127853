#include "daemon/io/message_allowance.h"

#include <catch2/catch.hpp>

using namespace kpm::io;
using namespace std::chrono_literals;

namespace {

constexpr MessageAllowance::Clock::time_point kStart{1000s};

// How many messages of this size are heard in the time.
int heard(MessageAllowance& allowance, std::size_t size, std::chrono::milliseconds time) {
    int count = 0;
    for (auto now = kStart; now < kStart + time;) {
        if (const auto rest = allowance.rest(now); rest.count() > 0) {
            now += rest;
            continue;
        }
        allowance.spend(size, now);
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("message allowance: a burst, then so many a second", "[unit][io]") {
    MessageAllowance allowance;
    for (int i = 0; i < 127; ++i) allowance.spend(50, kStart);
    CHECK(allowance.rest(kStart) == 0ms);
    allowance.spend(50, kStart);
    CHECK(allowance.rest(kStart) == 10ms);
    CHECK(allowance.rest(kStart + 9ms) == 1ms);  // all that is owed, not message by message
    CHECK(allowance.rest(kStart + 10ms) == 0ms);
    MessageAllowance other;
    CHECK(heard(other, 50, 1000ms) == 12'800);
}

TEST_CASE("message allowance: long messages count by their bytes", "[unit][io]") {
    MessageAllowance allowance;
    const int count = heard(allowance, 1 << 20, 1000ms);
    CHECK(count >= 30);
    CHECK(count <= 32);
}

TEST_CASE("message allowance: who speaks at times owes nothing", "[unit][io]") {
    MessageAllowance allowance;
    for (int i = 0; i < 10'000; ++i) {
        const auto now = kStart + i * 100us;
        REQUIRE(allowance.rest(now) == 0ms);
        allowance.spend(50, now);
    }
}
