#include <catch2/catch.hpp>

#include "daemon/core/restart_policy.h"

using namespace kpm::core;
using namespace std::chrono_literals;
using Kind = RestartVerdict::Kind;

namespace {
constexpr TimePoint kStart{Duration{1'000'000}};
}

TEST_CASE("restart policy: the backoff grows by half up to fifteen seconds", "[unit][restart]") {
    RestartPolicy policy{.max_restarts = 1000, .backoff_start = 100ms};
    RestartHistory history;
    std::vector<Duration::rep> delays;
    for (int i = 0; i < 15; ++i) delays.push_back(judge_exit(policy, history, 1, 5ms, kStart).delay.count());
    CHECK(delays == std::vector<Duration::rep>{100, 150, 225, 337, 505, 757, 1135, 1702, 2553, 3829, 5743,
                                               8614, 12921, 15000, 15000});
    CHECK(judge_exit(policy, history, 1, 31s, kStart).delay == 100ms);
    policy.backoff_reset = 2s;
    CHECK(judge_exit(policy, history, 1, 1s, kStart).delay == 150ms);
    CHECK(judge_exit(policy, history, 1, 2s, kStart).delay == 100ms);
}

TEST_CASE("restart policy: a first delay beyond the cap is kept", "[unit][restart]") {
    const RestartPolicy policy{.max_restarts = 1000, .backoff_start = 60s};
    RestartHistory history;
    CHECK(judge_exit(policy, history, 1, 5ms, kStart).delay == 60s);
    CHECK(judge_exit(policy, history, 1, 5ms, kStart).delay == 60s);
}

TEST_CASE("restart policy: max_restarts 0 gives up at the first exit, whatever its code", "[unit][restart]") {
    RestartHistory history;
    CHECK(judge_exit({.max_restarts = 0}, history, 0, 1h, kStart).kind == Kind::GiveUp);
}

TEST_CASE("restart policy: restarts spread out by a delay are never given up", "[unit][restart]") {
    RestartHistory history;
    TimePoint now = kStart;
    for (int i = 0; i < 100; ++i)
        REQUIRE(judge_exit({.restart_delay = 5s}, history, 1, 10ms, now += 5s) ==
                RestartVerdict{Kind::Restart, 5s});
}

TEST_CASE("restart policy: an app that ran well for long and then crashes is still caught",
          "[unit][restart]") {
    RestartHistory history;
    RestartPolicy policy{.max_restarts = 2};
    TimePoint now = kStart;
    CHECK(judge_exit(policy, history, 1, 1h, now).kind == Kind::Restart);
    CHECK(judge_exit(policy, history, 1, 5ms, now += 10ms).kind == Kind::Restart);
    CHECK(judge_exit(policy, history, 1, 5ms, now += 10ms).kind == Kind::GiveUp);
}

TEST_CASE("restart policy: a longer life takes back nothing of a crash loop, only time does",
          "[unit][restart]") {
    const RestartPolicy policy{.max_restarts = 5, .min_uptime = 10s};
    const auto verdict = [&](std::initializer_list<Duration> lives) {
        RestartHistory history;
        TimePoint now = kStart;
        RestartVerdict last;
        for (const Duration life : lives) last = judge_exit(policy, history, 1, life, now += life);
        return last.kind;
    };
    CHECK(verdict({2s, 2s, 2s, 12s, 2s}) == Kind::Restart);
    CHECK(verdict({2s, 2s, 2s, 12s, 2s, 2s}) == Kind::GiveUp);
    CHECK(verdict({2s, 2s, 2s, 50s, 2s, 2s}) == Kind::Restart);
}

TEST_CASE("restart policy: without autorestart it stays down", "[unit][restart]") {
    RestartHistory history;
    CHECK(judge_exit({.autorestart = false}, history, 1, 5ms, kStart).kind == Kind::Stay);
}
