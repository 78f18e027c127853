// At the daemon's end dependents stop before what they depend on.
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

ecosystem::AppConfig needing(std::string name, ecosystem::Dependencies needs) {
    ecosystem::AppConfig config = forked(std::move(name));
    config.depends_on = std::move(needs);
    return config;
}

AppKey online(Bench& bench, ecosystem::AppConfig config) {
    bench.add(std::move(config));
    bench.happen(Spawned{static_cast<int>(10 + bench.supervisor.slots().size())});
    return bench.host.last();
}

void end_of(Bench& bench, AppKey key) {
    bench.happen(key, Exited{0, 0});
    bench.happen(key, TreeGone{});
}

// The signals that were sent since the last look.
Lines signals(Bench& bench) {
    Lines lines = bench.host.take();
    std::erase_if(lines, [](const std::string& line) { return !line.starts_with("signal "); });
    return lines;
}

}  // namespace

TEST_CASE("stop order: what others depend on waits for their end, the rest goes at once",
          "[unit][supervisor]") {
    using ecosystem::Condition;
    Bench bench;
    const AppKey db = online(bench, forked("db"));
    const AppKey api = online(bench, needing("api", {{"db", Condition::Ready}}));
    const AppKey web = online(bench, needing("web", {{"api", Condition::Started}}));
    const AppKey second = online(bench, needing("web", {{"api", Condition::Started}}));
    const AppKey other = online(bench, forked("other"));
    bench.host.take();
    bench.run([&] { bench.supervisor.end(bench.done()); });
    CHECK(signals(bench) == Lines{"signal 2/3 2", "signal 3/4 2", "signal 4/5 2"});
    end_of(bench, other);
    end_of(bench, web);
    CHECK(signals(bench).empty());
    end_of(bench, second);
    CHECK(signals(bench) == Lines{"signal 1/2 2"});
    end_of(bench, api);
    CHECK(signals(bench) == Lines{"signal 0/1 2"});
    CHECK_FALSE(bench.answer);
    end_of(bench, db);
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
}

TEST_CASE("stop order: a dependent that does not end holds nothing up for ever", "[unit][supervisor]") {
    using ecosystem::Condition;
    Bench bench;
    const AppKey db = online(bench, forked("db"));
    online(bench, needing("web", {{"db", Condition::Started}}));
    bench.host.take();
    bench.run([&] { bench.supervisor.end(bench.done()); });
    CHECK(signals(bench) == Lines{"signal 1/2 2"});
    bench.pass(1600ms);
    CHECK(signals(bench) == Lines{"signal 1/2 9"});
    bench.pass(1600ms);
    CHECK(signals(bench) == Lines{"signal 0/1 2"});
    end_of(bench, db);
    REQUIRE(bench.answer);
}

TEST_CASE("stop order: stopped apps and circles are no obstacle", "[unit][supervisor]") {
    using ecosystem::Condition;
    Bench bench;
    const AppKey a = online(bench, needing("a", {{"b", Condition::Started}}));
    const AppKey b = online(bench, needing("b", {{"a", Condition::Started}}));
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    end_of(bench, a);
    bench.host.take();
    bench.run([&] { bench.supervisor.stop_all(bench.done()); });
    CHECK(signals(bench) == Lines{"signal 1/2 2"});
    end_of(bench, b);
    REQUIRE(bench.answer);

    bench.run([&] { bench.supervisor.stop_all(bench.done()); });
    REQUIRE(bench.answer);  // nothing runs: at once
}

TEST_CASE("stop order: an app that is stopped alone takes none along", "[unit][supervisor]") {
    using ecosystem::Condition;
    Bench bench;
    online(bench, forked("db"));
    online(bench, needing("web", {{"db", Condition::Started}}));
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(signals(bench) == Lines{"signal 0/1 2"});
}
