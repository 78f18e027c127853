// The health of one process: what its probes' answers mean, and when it is looked at.
#include "daemon/core/health.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;
using ecosystem::HealthChecks;
using ecosystem::Probe;
using State = HealthCheck::State;
using Verdict = ProbeResult::Verdict;

namespace {

constexpr TimePoint kStart{Duration{1'000'000}};

std::string text(const HealthCheck::Actions& actions) {
    std::string result;
    for (const auto& action : actions) {
        if (!result.empty()) result += ' ';
        if (const auto* ask = std::get_if<HealthCheck::Ask>(&action))
            result += fmt::format("ask:{}", to_text(ask->kind));
        if (std::holds_alternative<HealthCheck::BecomeReady>(action)) result += "ready";
        if (const auto* unready = std::get_if<HealthCheck::BecomeUnready>(&action))
            result += "unready:" + unready->reason;
        if (const auto* end = std::get_if<HealthCheck::GiveUp>(&action)) result += "giveup:" + end->reason;
    }
    return result;
}

// A check over a clock that only moves by hand.
struct Bench {
    HealthCheck check;
    TimePoint now = kStart;

    explicit Bench(HealthChecks rules) : check(std::move(rules)) {}
    std::string begin() { return text(check.handle(HealthCheck::Begun{kStart}, now)); }
    // Time passes to the next deadline, at most `limit` of it; what is asked then. "": nothing.
    std::string wait(Duration limit = 1h) {
        if (!check.deadline() || *check.deadline() > now + limit) return "";
        now = std::max(now, *check.deadline());
        return text(check.handle(HealthCheck::TimeUp{}, now));
    }
    std::string answer(ProbeKind kind, Verdict verdict, Duration after = 0ms) {
        now += after;
        const std::string reason = verdict == Verdict::Passed ? "" : "refused";
        return text(check.handle(
            HealthCheck::Probed{kind, {verdict, reason}, {now.time_since_epoch().count()}}, now));
    }
    std::string pass(ProbeKind kind) { return answer(kind, Verdict::Passed); }
    std::string fail(ProbeKind kind) { return answer(kind, Verdict::Failed); }
    Duration since_start() const { return now - kStart; }
};

Probe probe() {
    return {.text = "http://127.0.0.1:80/"};
}

constexpr auto kStartup = ProbeKind::Startup, kReadiness = ProbeKind::Readiness,
               kLiveness = ProbeKind::Liveness;

}  // namespace

TEST_CASE("health: it begins in the state of its first probe", "[unit][health]") {
    struct Row {
        HealthChecks rules;
        State state;
        std::string actions, asks;
    };
    const std::vector<Row> kRows{
        {{probe(), probe(), probe()}, State::Starting, "", "ask:startup"},
        {{probe(), {}, {}}, State::Starting, "", "ask:startup"},
        {{{}, probe(), {}}, State::Waiting, "", "ask:readiness"},
        {{{}, probe(), probe()}, State::Waiting, "", "ask:readiness ask:liveness"},
        {{{}, {}, probe()}, State::Ready, "ready", "ask:liveness"},
        {{{}, {}, {}}, State::Ready, "ready", ""},
    };
    for (const Row& row : kRows) {
        Bench bench(row.rules);
        CHECK(bench.begin() == row.actions);
        CHECK(bench.check.state() == row.state);
        CHECK(bench.wait() == row.asks);
        CHECK(bench.wait() == "");  // each is asked once at a time
    }
}

TEST_CASE("health: in each state each answer does what the table says", "[unit][health]") {
    struct Row {
        State state;
        ProbeKind kind;
        std::string passed, failed;
        State after_pass, after_failure;
    };
    // Thresholds of one; the startup probe's time has passed.
    HealthChecks rules{probe(), probe(), probe()};
    for (auto* one : {&rules.startup, &rules.readiness, &rules.liveness}) (*one)->failure_threshold = 1;
    using S = State;
    const std::vector<Row> kRows{
        {S::Starting, kStartup, "", "giveup:startup probe failed: refused", S::Waiting, S::Starting},
        {S::Waiting, kReadiness, "ready", "", S::Ready, S::Waiting},
        {S::Waiting, kLiveness, "", "giveup:liveness probe failed: refused", S::Waiting, S::Waiting},
        {S::Ready, kReadiness, "", "unready:readiness probe failed: refused", S::Ready, S::Unready},
        {S::Ready, kLiveness, "", "giveup:liveness probe failed: refused", S::Ready, S::Ready},
        {S::Unready, kReadiness, "ready", "", S::Ready, S::Unready},
        {S::Unready, kLiveness, "", "giveup:liveness probe failed: refused", S::Unready, S::Unready},
    };
    for (const Row& row : kRows)
        for (const Verdict verdict : {Verdict::Passed, Verdict::Failed, Verdict::Unknown}) {
            INFO(static_cast<int>(row.state) << " " << to_text(row.kind) << " " << static_cast<int>(verdict));
            Bench bench(rules);
            bench.now += 1min;
            CHECK(text(bench.check.handle(HealthCheck::Resumed{kStart, row.state}, bench.now)) == "");
            REQUIRE(bench.wait() != "");
            const std::string done = bench.answer(row.kind, verdict);
            CHECK(done == (verdict == Verdict::Passed   ? row.passed
                           : verdict == Verdict::Failed ? row.failed
                                                        : ""));
            CHECK(bench.check.state() == (verdict == Verdict::Passed   ? row.after_pass
                                          : verdict == Verdict::Failed ? row.after_failure
                                                                       : row.state));
        }
}

TEST_CASE("health: readiness turns when it has failed, or succeeded, so many times in a row",
          "[unit][health]") {
    Probe readiness = probe();
    readiness.success_threshold = 2;
    Bench bench({{}, readiness, {}});
    bench.begin();
    const auto look = [&](Verdict verdict) {
        REQUIRE(bench.wait() == "ask:readiness");
        return bench.answer(kReadiness, verdict);
    };
    CHECK(look(Verdict::Passed) == "");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Passed) == "");
    CHECK(look(Verdict::Unknown) == "");  // says nothing, breaks nothing
    CHECK(look(Verdict::Passed) == "ready");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Passed) == "");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Failed) == "unready:readiness probe failed: refused (3 times)");
    CHECK(look(Verdict::Failed) == "");
    CHECK(look(Verdict::Passed) == "");
    CHECK(look(Verdict::Passed) == "ready");
}

TEST_CASE("health: liveness gives up after so many failures in a row, once", "[unit][health]") {
    Bench bench({{}, {}, probe()});
    bench.begin();
    for (const Verdict verdict :
         {Verdict::Failed, Verdict::Failed, Verdict::Passed, Verdict::Failed, Verdict::Failed}) {
        REQUIRE(bench.wait() == "ask:liveness");
        CHECK(bench.answer(kLiveness, verdict) == "");
    }
    REQUIRE(bench.wait() == "ask:liveness");
    CHECK(bench.fail(kLiveness) == "giveup:liveness probe failed: refused (3 times)");
    CHECK_FALSE(bench.check.deadline());
    CHECK(bench.fail(kLiveness) == "");  // nobody has asked
}

TEST_CASE("health: looks come an interval after the beginning of the last one, never two at a time",
          "[unit][health]") {
    Bench bench({{}, {}, probe()});
    bench.begin();
    REQUIRE(bench.wait() == "ask:liveness");
    CHECK_FALSE(bench.check.deadline());
    bench.answer(kLiveness, Verdict::Passed, 4s);
    CHECK(bench.check.deadline() == kStart + 10s);
    REQUIRE(bench.wait() == "ask:liveness");
    bench.answer(kLiveness, Verdict::Passed, 25s);
    CHECK(bench.check.deadline() == bench.now);
}

TEST_CASE("health: an initial delay counts from the start of the process", "[unit][health]") {
    Probe late = probe();
    late.initial_delay = 30s;
    Bench bench({probe(), {}, late});
    bench.begin();
    CHECK(bench.wait() == "ask:startup");
    CHECK(bench.answer(kStartup, Verdict::Passed, 5s) == "ready");
    CHECK(bench.check.deadline() == kStart + 30s);
    CHECK(bench.wait() == "ask:liveness");
}

TEST_CASE("health: a process that comes up is looked at soon, and then less and less often",
          "[unit][health]") {
    Bench bench({{}, probe(), {}});
    bench.begin();
    std::vector<Duration> times;
    for (int i = 0; i < 10; ++i) {
        REQUIRE(bench.wait() == "ask:readiness");
        times.push_back(bench.since_start());
        bench.fail(kReadiness);
    }
    CHECK(times ==
          std::vector<Duration>{0ms, 100ms, 300ms, 700ms, 1500ms, 3100ms, 6300ms, 12700ms, 22700ms, 32700ms});
    CHECK(bench.check.waits_for() == "readiness probe failed: refused (10 times)");
}

TEST_CASE("health: startup has as many intervals as its threshold says, and one look at their end",
          "[unit][health]") {
    Bench bench({probe(), {}, probe()});
    bench.begin();
    std::string done;
    Duration last{0};
    while (done.empty()) {
        REQUIRE(bench.wait() == "ask:startup");  // and nothing else
        last = bench.since_start();
        done = bench.fail(kStartup);
    }
    CHECK(last == 30s);
    CHECK(done == "giveup:startup probe failed: refused (10 times)");
    CHECK(time_to_come_up(bench.check.rules()) == 31s);
}

TEST_CASE("health: what is shown is the last answer, and since when it is so", "[unit][health]") {
    Bench bench({{}, {}, probe()});
    bench.begin();
    CHECK_FALSE(bench.check.shown(kLiveness));
    for (int i = 0; i < 3; ++i) {
        bench.wait();
        bench.pass(kLiveness);
    }
    CHECK(bench.check.shown(kLiveness)->result == ProbeResult{Verdict::Passed, ""});
    CHECK(bench.check.shown(kLiveness)->since == EpochTime{1'000'000});
    bench.wait();
    bench.fail(kLiveness);
    CHECK(bench.check.shown(kLiveness)->result == ProbeResult{Verdict::Failed, "refused"});
    CHECK(bench.check.shown(kLiveness)->since == EpochTime{1'030'000});
}
