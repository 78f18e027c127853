#include <catch2/catch.hpp>
#include <csignal>

#include "daemon/core/record.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

TEST_CASE("supervisor: a fork app is spawned once, and the start is answered when it is up",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    CHECK(bench.host.take() == Lines{"spawn 0/1 web"});
    CHECK_FALSE(bench.answer);
    bench.happen(Spawned{10});
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
    CHECK(bench.state() == State::Online);
}

TEST_CASE("supervisor: the launch is recorded before it is asked for", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    const RecordReader run(bench.host.state.at("run/0"));
    CHECK(run.number("current.incarnation") == 1);
    CHECK(run.number("current.state") == static_cast<int>(State::Spawning));
}

TEST_CASE("supervisor: events of an earlier incarnation change nothing", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    const AppKey first = bench.host.last();
    bench.happen(Spawned{10});
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.host.take();
    bench.happen(first, Exited{1, 0});
    CHECK(bench.state() == State::Online);
    CHECK(bench.host.take().empty());
}

TEST_CASE("supervisor: a crash sweeps what is left, releases it and starts the next life",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.host.take();
    bench.happen(Exited{1, 0});
    CHECK(bench.host.take() == Lines{"sweep 0/1", "release 0/1", "spawn 0/2 web"});
    CHECK(bench.supervisor.find(0)->current.life.data().restart_time == 1);
}

TEST_CASE("supervisor: a life that follows at once takes the pid file over, a stop removes it",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.pid_file = "/pids/web.pid";
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.happen(Exited{1, 0});
    CHECK(bench.host.take() == Lines{"sweep 0/1", "release 0/1, its pid file stays", "spawn 0/2 web"});
    bench.happen(Spawned{11});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.host.take() == Lines{"signal 0/2 2", "release 0/2"});
}

TEST_CASE("supervisor: an app is asked to end by its own signal", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.stop_signal = "SIGTERM";
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"signal 0/1 15"});
}

TEST_CASE("supervisor: a stop is answered when the tree is gone, and kills after its time",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.pass(1599ms);
    CHECK(bench.host.take().empty());
    bench.pass(1ms);
    CHECK(bench.host.take() == Lines{"signal 0/1 9"});
    bench.happen(Exited{std::nullopt, SIGKILL});
    CHECK_FALSE(bench.answer);
    bench.happen(TreeGone{});
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
    CHECK(bench.host.take() == Lines{"release 0/1"});
}

TEST_CASE("supervisor: a delete wins over a relaunch in flight", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.happen(Exited{1, 0});
    bench.run([&] { bench.supervisor.remove(0, bench.done()); });
    bench.run([&] { bench.supervisor.start(0, [](const Result<void>& result) { CHECK_FALSE(result); }); });
    bench.happen(Spawned{11});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    REQUIRE(bench.answer);
    CHECK(bench.supervisor.slots().empty());
    CHECK(bench.host.state.count("app/0") == 0);
}

TEST_CASE("supervisor: ids are not used twice while something is managed", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked("a"));
    bench.add(forked("b"));
    bench.happen({0, 1}, SpawnFailed{"x", false});
    bench.run([&] { bench.supervisor.remove(0, bench.done()); });
    bench.add(forked("c"));
    CHECK(bench.supervisor.find(2) != nullptr);
    CHECK(bench.supervisor.find(0) == nullptr);
}

TEST_CASE("supervisor: instances of one name get the lowest free index", "[unit][supervisor]") {
    Bench bench;
    for (int i = 0; i < 3; ++i) bench.add(forked());
    bench.happen({1, 2}, SpawnFailed{"x", false});
    bench.run([&] { bench.supervisor.remove(1, bench.done()); });
    bench.add(forked());
    CHECK(bench.supervisor.find(3)->instance_index == 1);
    CHECK(bench.supervisor.ids_of("web") == std::vector<int>{0, 2, 3});
}

TEST_CASE("supervisor: a port in use fails the start with its reason and spawns nothing",
          "[unit][supervisor]") {
    Bench bench;
    bench.host.pool_error = Error{ErrorCode::Exists, "cannot listen on '*:3000': Address already in use"};
    bench.add(clustered());
    CHECK(bench.error() == "cannot start 'render': cannot listen on '*:3000': Address already in use");
    CHECK(bench.state() == State::Errored);
    CHECK(bench.host.keys.empty());
}

TEST_CASE("pool: the port closes when the last worker is stopped, not when one crashes",
          "[unit][supervisor]") {
    Bench bench;
    online_worker(bench);
    bench.happen(Exited{1, 0});
    for (const std::string& line : bench.host.take()) CHECK(line != "close-pool render");
    bench.happen(Spawned{12});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.host.take().back() == "close-pool render");
}

TEST_CASE("supervisor: what outlives SIGKILL is released when it is started anew or deleted",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.pass(1600ms);
    bench.happen(Exited{std::nullopt, SIGKILL});  // the root is gone, a descendant is not
    bench.pass(1600ms);
    CHECK(bench.state() == State::Errored);
    CHECK(bench.error() == "cannot stop 'web': process 0 is still alive after SIGKILL");
    bench.host.take();
    SECTION("started anew") {
        bench.run([&] { bench.supervisor.start(0, bench.done()); });
        CHECK(bench.host.take() == Lines{"release 0/1", "spawn 0/2 web"});
    }
    SECTION("deleted") {
        bench.run([&] { bench.supervisor.remove(0, bench.done()); });
        CHECK(bench.host.take() == Lines{"release 0/1"});
        CHECK(bench.supervisor.slots().empty());
    }
}

TEST_CASE("supervisor: shutdown_with_message sends a message; without a channel the signal",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.shutdown_with_message = true;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    SECTION("a message, then SIGKILL to who does not listen") {
        bench.run([&] { bench.supervisor.stop(0, bench.done()); });
        CHECK(bench.host.take() == Lines{"message 0/1 \"shutdown\"", "signal 0/1 0"});
        bench.pass(1600ms);
        CHECK(bench.host.take() == Lines{"signal 0/1 9"});
    }
    SECTION("no channel") {
        bench.host.message_error = Error{ErrorCode::NotFound, "no channel"};
        bench.run([&] { bench.supervisor.stop(0, bench.done()); });
        CHECK(bench.host.take() == Lines{"message 0/1 \"shutdown\"", "signal 0/1 2"});
    }
}

TEST_CASE("supervisor: memory is looked at each interval, and only for apps with a limit",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked("free"));
    bench.happen(Spawned{10});
    CHECK_FALSE(bench.host.wake);  // nobody to look at: no wake-up
    ecosystem::AppConfig config = forked("limited");
    config.max_memory_restart = {5000};
    bench.add(config);
    bench.happen(Spawned{11});
    bench.host.take();
    CHECK(bench.host.wake == bench.host.now() + 30'000ms);
    bench.host.used = {5000, 0};
    bench.pass(30'000ms);
    CHECK(bench.host.take().empty());
    bench.host.used = {5001, 0};
    bench.pass(29'999ms);
    CHECK(bench.host.take().empty());
    bench.pass(1ms);
    CHECK(bench.host.take() == Lines{"signal 1/2 2"});
    bench.happen({1, 2}, Exited{0, 0});
    bench.happen({1, 2}, TreeGone{});
    CHECK(bench.supervisor.find(1)->current.life.data().restart_time == 1);
    bench.run([&] { bench.supervisor.remove(1, bench.done()); });
    bench.happen(Spawned{12});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.pass(30'000ms);
    CHECK_FALSE(bench.host.wake);
}

TEST_CASE("supervisor: messages of a process are kept, published, or end its wait", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.wait_ready = true;
    bench.add(config);
    bench.happen(Spawned{10});
    CHECK(bench.state() == State::Starting);
    const auto say = [&](AppKey key, Json message) {
        bench.run([&] { bench.supervisor.take_message(key, message); });
    };
    say({0, 7}, "ready");  // another life's
    CHECK(bench.state() == State::Starting);
    say({0, 1}, {{"type", "ready"}});
    CHECK(bench.state() == State::Starting);
    say({0, 1}, "ready");
    CHECK(bench.state() == State::Online);
    const Json action{{"type", "axm:action"}, {"data", {{"action_name", "greet"}}}};
    say({0, 1}, action);
    say({0, 1}, action);
    say({0, 1}, {{"type", "axm:monitor"}, {"data", {{"rate", {{"value", 1}}}}}});
    say({0, 1}, {{"type", "axm:monitor"}, {"data", {{"rate", {{"value", 2}}}}}});
    say({0, 1}, {{"node_version", "20.1.0"}});
    const Json env = pm2_env(*bench.supervisor.find(0));
    CHECK(env["axm_actions"].size() == 1);
    CHECK(env["axm_monitor"]["rate"]["value"] == 2);
    CHECK(env["node_version"] == "20.1.0");
    bench.host.published.clear();
    say({0, 1}, nullptr);
    say({0, 1}, {{"type", "human:event"}, {"data", {{"event", "x"}}}});
    CHECK(bench.host.published == Lines{"process:msg:", "human:event:"});
    // Not under the daemon's own topics.
    bench.host.published.clear();
    for (const char* topic : {"pm2:kill", "process:event", "log:out", "kpm:dropped"})
        say({0, 1}, {{"type", topic}, {"data", "x"}});
    CHECK(bench.host.published == Lines(4, "process:msg:"));
    CHECK_FALSE(measured_instead(*bench.supervisor.find(0)));
    say({0, 1}, {{"type", "axm:option:setPID"}, {"data", "4711"}});
    CHECK(measured_instead(*bench.supervisor.find(0)) == 4711);
    for (const Json& no_pid : {Json("47x"), Json(std::string(1000, '1')), Json::array({1}), Json(1.5)})
        say({0, 1}, {{"type", "axm:option:setPID"}, {"data", no_pid}});
    CHECK(measured_instead(*bench.supervisor.find(0)) == 4711);
    bench.happen(Exited{1, 0});
    CHECK(pm2_env(*bench.supervisor.find(0))["axm_actions"].empty());
}

TEST_CASE("supervisor: a version of Node beside a topic and data changes nothing", "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    const auto say = [&](Json message) {
        bench.host.published.clear();
        bench.run([&] { bench.supervisor.take_message({0, 1}, message); });
        return bench.host.published;
    };
    CHECK(say({{"node_version", "20.1.0"}, {"type", ""}, {"data", 1}}).empty());
    CHECK(say({{"node_version", "9.9.9"}, {"type", "my:topic"}, {"data", 1}}) == Lines{"my:topic:"});
    CHECK(say({{"node_version", "9.9.9"}, {"type", "log:out"}, {"data", 1}}) == Lines{"process:msg:"});
    CHECK(pm2_env(*bench.supervisor.find(0))["node_version"] == "20.1.0");
}

TEST_CASE("supervisor: what has ended has no actions and figures, what it was told to be stays",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    const auto say = [&](const char* type, Json data) {
        bench.run([&] {
            bench.supervisor.take_message(bench.host.last(), {{"type", type}, {"data", data}});
        });
    };
    say("axm:action", {{"action_name", "greet"}});
    say("axm:monitor", {{"rate", {{"value", 1}}}});
    say("axm:option:configuration", {{"module_name", "web"}});
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    const Json env = pm2_env(*bench.supervisor.find(0));
    CHECK(env["status"] == "stopped");
    CHECK(env["axm_actions"] == Json::array());
    CHECK(env["axm_monitor"] == Json::object());
    CHECK(env["axm_options"]["module_name"] == "web");
    CHECK(bench.host.state.at("told/0").find("greet") == std::string::npos);
}

TEST_CASE("supervisor: one that was given up is created anew by its next start", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.max_restarts = 1;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.happen(Exited{1, 0});
    REQUIRE(bench.state() == State::Errored);
    CHECK(pm2_env(*bench.supervisor.find(0))["created_at"].is_null());
    bench.run([&] { bench.supervisor.start(0, bench.done()); });
    CHECK(pm2_env(*bench.supervisor.find(0))["created_at"] == bench.host.wall_now().since_epoch);
}

TEST_CASE("supervisor: increment_var counts from its configured value in duplicates, too",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.increment_var = "PORT";
    config.env = {{"PORT", "3000"}};
    bench.add(config);
    bench.add(config);
    bench.run([&] { CHECK(bench.supervisor.duplicate(1, bench.done())); });
    CHECK(*ecosystem::find_variable(bench.supervisor.find(2)->config->env, "PORT") == "3002");
}

TEST_CASE("rows: the version is the script's package's at the newest launch", "[unit][rows]") {
    Bench bench;
    bench.add(forked());
    CHECK(pm2_env(*bench.supervisor.find(0))["version"] == "N/A");
    bench.happen(Spawned{10});
    bench.host.version = "1.2.3";
    bench.happen(Exited{1, 0});
    CHECK(pm2_env(*bench.supervisor.find(0))["version"] == "1.2.3");
}

TEST_CASE("rows: a death by signal shows exit code 0, as PM2, and the signal", "[unit][rows]") {
    Bench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    bench.happen(Exited{std::nullopt, SIGKILL});
    const Json env = pm2_env(*bench.supervisor.find(0));
    CHECK(env["exit_code"] == 0);
    CHECK(env["exit_signal"] == SIGKILL);
    CHECK(env["status"] == "launching");
}

TEST_CASE("supervisor: launches are asked for a few at a time, each answer brings the next",
          "[unit][supervisor]") {
    constexpr std::size_t kMost = 64;
    Bench bench;
    for (int i = 0; i < 100; ++i) bench.add(forked());
    CHECK(bench.host.take().size() == kMost);
    bench.happen({0, 1}, Spawned{10});
    bench.happen({1, 2}, SpawnFailed{"no such file", false});
    CHECK(bench.host.take() == Lines{"spawn 64/65 web", "spawn 65/66 web", "release 1/2"});
    // An answer that is repeated, or that nobody waits for any more, makes no room.
    bench.happen({0, 1}, Spawned{10});
    CHECK(bench.host.take().empty());
    bool stopped = false;
    // A stop does not lose one that waits: it comes, and is ended.
    bench.run([&] { bench.supervisor.stop(99, [&](const Result<void>&) { stopped = true; }); });
    for (int i = 2; i < 99; ++i) bench.happen({i, static_cast<std::uint64_t>(i) + 1}, Spawned{10 + i});
    bench.host.take();
    CHECK_FALSE(stopped);
    bench.happen({99, 100}, Spawned{500});
    CHECK(bench.host.take() == Lines{"signal 99/100 2"});
    bench.happen({99, 100}, Exited{std::nullopt, 2});
    bench.happen({99, 100}, TreeGone{});
    CHECK(stopped);
}
