// What processes tell of themselves on their message channels, and how often it is recorded.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/core/paced.h"
#include "daemon/core/snapshot.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

Json action(const std::string& name) {
    return {{"type", "axm:action"}, {"data", {{"action_name", name}}}};
}

// An app that is online.
struct TalkingApp : Bench {
    TalkingApp() {
        add(forked());
        happen(Spawned{10});
    }
    void say(const Json& message) {
        run([&] { supervisor.take_message(host.last(), message); });
    }
    int records() const {
        const auto count = host.persisted.find("told/0");
        return count == host.persisted.end() ? 0 : count->second;
    }
    std::size_t recorded_actions() const {
        const auto text = host.state.find("told/0");
        return text == host.state.end() ? 0 : restore_told(text->second).axm_actions.size();
    }
    std::size_t actions() const { return supervisor.find(0)->told->axm_actions.size(); }
};

}  // namespace

TEST_CASE("told: the first action is recorded at once, a flood once a second and when it has ended",
          "[unit][supervisor]") {
    TalkingApp app;
    const int before = app.records();
    app.say(action("first"));
    CHECK(app.records() == before + 1);
    for (int i = 0; i < 500; ++i) app.say(action("a" + std::to_string(i)));
    CHECK(app.records() == before + 1);
    CHECK(app.actions() == 501);
    CHECK(app.host.wake == app.host.now() + 1s);
    app.pass(999ms);
    CHECK(app.records() == before + 1);
    app.pass(1ms);
    CHECK(app.records() == before + 2);
    CHECK(app.recorded_actions() == 501);
    CHECK_FALSE(app.host.wake);
}

TEST_CASE("told: what is known, or more than is kept, costs no record", "[unit][supervisor]") {
    TalkingApp app;
    for (int i = 0; i < 1000; ++i) app.say(action("a" + std::to_string(i)));
    app.pass(1s);
    const int before = app.records();
    for (int i = 0; i < 2000; ++i) app.say(action("a" + std::to_string(i)));
    app.say(action(""));
    app.say({{"type", "axm:action"}, {"data", {{"action_name", 7}}}});
    CHECK_FALSE(app.host.wake);
    app.pass(1s);
    CHECK(app.records() == before);
    CHECK(app.actions() == 1000);
    CHECK(app.recorded_actions() == 1000);
}

TEST_CASE("told: an action as long as a book is not kept", "[unit][supervisor]") {
    TalkingApp app;
    app.say({{"type", "axm:action"}, {"data", {{"action_name", "a"}, {"opts", std::string(1 << 20, 'x')}}}});
    CHECK(app.actions() == 0);
}

TEST_CASE("told: metrics that are known go on when there are as many as are kept", "[unit][supervisor]") {
    TalkingApp app;
    const auto metrics = [&]() -> const Json& { return app.supervisor.find(0)->told->axm_monitor; };
    const auto say_all = [&](int count, int value) {
        Json data = Json::object();
        for (int i = 0; i < count; ++i) data["m" + std::to_string(i)] = {{"value", value}};
        app.say({{"type", "axm:monitor"}, {"data", data}});
    };
    say_all(1500, 1);
    CHECK(metrics().size() == 1500);
    say_all(1500, 2);
    CHECK(metrics()["m1499"]["value"] == 2);
    say_all(3000, 3);
    CHECK(metrics().size() == 2000);
    CHECK(metrics()["m0"]["value"] == 3);
}

TEST_CASE("told: values as long as a book are not kept, the others are", "[unit][supervisor]") {
    TalkingApp app;
    const std::string book(1 << 20, 'x');
    const Json data = {{"long", book}, {"deep", {{"value", book}}}, {book, 1}, {"short", 1}};
    app.say({{"type", "axm:monitor"}, {"data", data}});
    CHECK(app.supervisor.find(0)->told->axm_monitor == Json{{"short", 1}});
    app.say({{"type", "axm:option:configuration"}, {"data", data}});
    CHECK(app.supervisor.find(0)->told->axm_options == Json{{"short", 1}});
    const int before = app.records();
    app.pass(1s);
    app.say({{"type", "axm:option:configuration"}, {"data", data}});
    CHECK(app.records() == before);
}

TEST_CASE("told: what is too long to be a version does not get into the next environment",
          "[unit][supervisor]") {
    TalkingApp app;
    app.say({{"node_version", "v22.1.0"}});
    app.say({{"node_version", std::string(200'000, '1')}});
    CHECK(app.supervisor.find(0)->told->node_version == "v22.1.0");
    CHECK(restore_told(Json{{"node_version", std::string(200'000, '1')}}.dump()).node_version.empty());
}

TEST_CASE("told: options, pids and versions are recorded when they change", "[unit][supervisor]") {
    TalkingApp app;
    const Json messages[] = {
        {{"type", "axm:option:configuration"}, {"data", {{"module_name", "m"}}}},
        {{"type", "axm:option:setPID"}, {"data", 4711}},
        {{"node_version", "22.1.0"}},
    };
    for (const Json& message : messages) {
        app.pass(1s);
        const int before = app.records();
        app.say(message);
        CHECK(app.records() == before + 1);
        app.pass(1s);
        app.say(message);
        CHECK(app.records() == before + 1);
    }
    CHECK(restore_told(app.host.state["told/0"]).axm_options == Json{{"module_name", "m"}, {"pid", 4711}});
    CHECK(restore_told(app.host.state["told/0"]).node_version == "22.1.0");
}

TEST_CASE("told: what waits to be recorded goes with its process", "[unit][supervisor]") {
    TalkingApp app;
    app.say(action("a"));
    app.say(action("b"));
    SECTION("it restarts") {
        app.run([&] { app.supervisor.restart(0, app.done()); });
        app.happen(Exited{0, 0});
        app.happen(TreeGone{});
        app.happen(Spawned{11});
        CHECK(app.host.last().incarnation == 2);
        app.pass(1s);
        CHECK_FALSE(app.host.state.contains("told/0"));
        app.say(action("b"));  // by the new process
        CHECK(app.recorded_actions() == 1);
    }
    SECTION("it is deleted") {
        app.run([&] { app.supervisor.remove(0, app.done()); });
        app.happen(Exited{0, 0});
        app.happen(TreeGone{});
        CHECK_FALSE(app.host.wake);
        CHECK_FALSE(app.host.state.contains("told/0"));
    }
}

TEST_CASE("told: the next process finds its interpreter's version among its variables",
          "[unit][supervisor]") {
    TalkingApp app;
    app.say({{"node_version", "v22.1.0"}});
    app.say(action("a"));
    app.happen(Exited{1, 0});
    const auto has_version = [&app] {
        return std::ranges::count(app.host.specs.at(app.host.last().incarnation).env,
                                  "node_version=v22.1.0") == 1;
    };
    CHECK(app.host.last().incarnation == 2);
    CHECK(has_version());
    CHECK(app.actions() == 0);
    CHECK(restore_told(app.host.state["told/0"]).node_version == "v22.1.0");
    app.happen(Spawned{11});
    ecosystem::AppConfig config = forked();
    config.interpreter = "bun";
    app.run([&] { CHECK(app.supervisor.reconfigure(0, config)); });
    app.happen(Exited{1, 0});
    CHECK(app.host.last().incarnation == 3);
    CHECK_FALSE(has_version());
}

TEST_CASE("told: the next daemon knows what it knows already", "[unit][supervisor]") {
    core::Told told;
    CHECK(add_action(told, {{"action_name", "a"}}));
    core::Told restored = restore_told(told_state(told));
    CHECK(restored == told);
    CHECK_FALSE(add_action(restored, {{"action_name", "a"}}));
    CHECK(add_action(restored, {{"action_name", "b"}}));
}

TEST_CASE("paced: at once after a rest, else when the pause is over", "[unit][supervisor]") {
    const TimePoint start{1000ms};
    Paced paced(100ms);
    CHECK_FALSE(paced.next());
    paced.ask(1, start);
    paced.ask(1, start);
    paced.ask(2, start);
    CHECK(paced.take_due(start) == std::vector<int>{1, 2});
    paced.ask(1, start + 30ms);
    paced.ask(1, start + 60ms);
    CHECK(paced.next() == start + 100ms);
    CHECK(paced.take_due(start + 99ms).empty());
    CHECK(paced.take_due(start + 100ms) == std::vector<int>{1});
    paced.ask(1, start + 110ms);
    paced.forget(1);
    CHECK_FALSE(paced.next());
    paced.ask(2, start + 500ms);
    CHECK(paced.next() == start + 500ms);
}
