#include <catch2/catch.hpp>

#include "tests/unit/core/commands_bench.h"

using namespace kpm;
using namespace kpm::core;

TEST_CASE("commands: a delete that is to drain leaves a worker drain_timeout", "[unit][commands]") {
    for (const bool drains : {true, false}) {
        Server server;
        Json config = wire();
        config["exec_mode"] = "cluster_mode";
        for (int i = 0; i < 2; ++i) {
            start(server, config);
            server.happen(Ready{});
        }
        server.host.take();
        server.call("deleteProcessId", drains ? Json::array({0, {{"drain", true}}}) : Json::array({0}));
        server.host.advance(Duration{29'000});
        server.supervisor.drain();
        CHECK(server.host.take().size() == (drains ? 1 : 2));
    }
}

TEST_CASE("commands: the bus hears of a start when it is up, and of an end as stopped", "[unit][commands]") {
    using Lines = std::vector<std::string>;
    Server server;
    Json config = wire();
    config["max_restarts"] = 2;
    start(server, config);
    CHECK(server.host.events == Lines{"online online", "start online"});
    server.host.events.clear();
    server.happen(Exited{1, 0});
    CHECK(server.host.events == Lines{"exit stopped"});
    server.happen(Spawned{11});
    server.happen(Exited{1, 0});
    CHECK(server.host.events ==
          Lines{"exit stopped", "online online", "exit errored", "restart overlimit errored"});
    server.call("restartProcessId", Json::array({{{"id", 0}}}));
    server.happen(Spawned{12});
    server.host.events.clear();
    server.call("stopProcessId", Json::array({0}));
    server.happen(Exited{0, 0});
    server.happen(TreeGone{});
    CHECK(server.host.events == Lines{"exit stopping"});
    config["autostart"] = false;
    server.host.events.clear();
    server.call("prepare", Json::array({config}));
    CHECK(server.host.events.empty());
}

TEST_CASE("prepare: answers with the process once it is up", "[unit][commands]") {
    Server server;
    start(server, wire());
    REQUIRE(server.answer);
    REQUIRE(server.answer->has_value());
    const Json& process = server.value().at(0);
    CHECK(process.at("process").at("pid") == 10);
    CHECK(process.at("pm2_env").at("status") == "online");
    CHECK(process.at("pm2_env").at("pm_pid_path") == "/p/http-0.pid");
    const LaunchSpec& spec = server.host.specs.at(1);
    CHECK(spec.argv == std::vector<std::string>{"node", "/a/http.js", "--foo"});
    CHECK(std::ranges::count(spec.env, "NODE_APP_INSTANCE=0") == 1);
    CHECK(std::ranges::count(spec.env, "pm_id=0") == 1);
    CHECK(std::ranges::count(spec.env, "PATH=/bin") == 1);
}

TEST_CASE("prepare: every instance has its own id, index and log files", "[unit][commands]") {
    Server server;
    Json config = wire();
    config["instances"] = 0;
    config["merge_logs"] = false;
    server.call("prepare", Json::array({config}));
    REQUIRE(server.host.keys.size() == 2);
    CHECK(server.host.specs.at(1).logs.out == "/l/http-out-0.log");
    CHECK(server.host.specs.at(2).logs.out == "/l/http-out-1.log");
    CHECK(server.supervisor.find(1)->instance_index == 1);
    CHECK_FALSE(server.answer);
}

TEST_CASE("prepare: an entry of a dump comes back with its index, and stopped when it was",
          "[unit][commands]") {
    Server server;
    Json config = wire();
    config.erase("instances");
    config["status"] = "stopped";
    config["NODE_APP_INSTANCE"] = 3;
    config["restart_time"] = 9;
    config["created_at"] = 1700000000000;
    config["LANG"] = "C";
    server.call("prepare", Json::array({config}));
    REQUIRE(server.answer);
    const Json& env = server.value().at(0).at("pm2_env");
    CHECK(env.at("status") == "stopped");
    CHECK(env.at("NODE_APP_INSTANCE") == 3);
    CHECK(env.at("restart_time") == 0);
    CHECK(env.at("created_at") == 1700000000000);
    CHECK(server.host.keys.empty());
    // One that does not start by itself had been started by hand.
    config["status"] = "online";
    config["autostart"] = false;
    server.call("prepare", Json::array({config}));
    CHECK(server.host.keys.size() == 1);
}

TEST_CASE("prepare: increment_var of a dump is not counted up again, and goes on from there",
          "[unit][commands]") {
    Server before;
    Json config = wire();
    config["instances"] = 2;
    config["increment_var"] = "PORT";
    config["env"]["PORT"] = "3000";
    before.call("prepare", Json::array({config}));
    Server server;
    const auto port = [&server](int pm_id) {
        const std::string* value =
            ecosystem::find_variable(server.supervisor.find(pm_id)->config->env, "PORT");
        return value ? *value : "";
    };
    for (const int pm_id : {1, 0})
        server.call("prepare", Json::array({dump_entry(*before.supervisor.find(pm_id))}));
    CHECK(server.supervisor.find(0)->instance_index == 1);
    CHECK(port(0) == "3001");
    CHECK(port(1) == "3000");
    server.call("duplicateProcessId", Json::array({0}));
    CHECK(port(2) == "3002");
}

TEST_CASE("prepare: an app of a dump that cannot be started is kept with the reason, until it is mended",
          "[unit][commands]") {
    const std::pair<Json, std::string> faults[] = {
        {{{"cron_restart", "61 * * * *"}}, "Cron pattern error: "},
        {{{"max_restarts", "many"}}, R"(max_restarts: expected a number of at least 0, found "many")"}};
    for (const auto& [fault, reason] : faults) {
        Server server;
        Json config = wire();
        config.erase("instances");
        config.update(fault);
        server.call("prepare", Json::array({config}));
        CHECK_THAT(server.error(), Catch::StartsWith("cannot start 'http': " + reason));
        const Slot* slot = server.supervisor.find(0);
        REQUIRE(slot);
        CHECK(slot->current.life.state() == State::Errored);
        CHECK_THAT(slot->current.life.data().failure, Catch::StartsWith(reason));
        CHECK(server.host.keys.empty());
        CHECK(dump_entry(*slot).at(fault.begin().key()) == fault.begin().value());

        // The next daemon knows it as well, and does not start it either.
        FakeHost host;
        Supervisor next(host, Settings{});
        next.restore(server.host.state);
        REQUIRE(next.find(0));
        next.post([&next] { next.start(0, [](const Result<void>&) {}); });
        next.drain();
        CHECK(host.keys.empty());
        CHECK(next.find(0)->current.life.state() == State::Errored);

        // One that was stopped is so again.
        config["status"] = "stopped";
        server.call("prepare", Json::array({config}));
        CHECK(server.error().empty());
        CHECK(server.supervisor.find(1)->current.life.state() == State::Stopped);

        const Json mended{{"cron_restart", "1 * * * *"}, {"max_restarts", 3}};
        server.call("restartProcessId", Json::array({{{"id", 0}, {"env", {{"current_conf", mended}}}}}));
        CHECK(server.host.keys.size() == 1);
    }
}

TEST_CASE("prepare: what is no app configuration is refused with its reason", "[unit][commands]") {
    Server server;
    for (const Json& bad : {Json(5), Json::object(), Json{{"name", "x"}},
                            Json{{"name", Json::array()}, {"pm_exec_path", "/x"}}}) {
        server.call("prepare", Json::array({bad}));
        CHECK_FALSE(server.error().empty());
    }
    CHECK(server.supervisor.slots().empty());
}

TEST_CASE("prepare: more than 10,000 instances of an app are refused before the first", "[unit][commands]") {
    Server server;
    Json config = wire();
    config["instances"] = 80'000'000;
    server.call("prepare", Json::array({config}));
    CHECK(server.error() ==
          "cannot start 80000000 of 'http': an app has at most 10000 instances, there are 0");
    CHECK(server.supervisor.slots().empty());
    config["instances"] = 10'000;
    config["autostart"] = false;
    server.call("kpm.start", Json::array({config}));
    CHECK(server.error().empty());
    REQUIRE(server.supervisor.slots().size() == 10'000);
    server.call("duplicateProcessId", Json::array({0}));
    CHECK(server.error() == "cannot start 1 of 'http': an app has at most 10000 instances, there are 10000");
    CHECK(server.supervisor.slots().size() == 10'000);
}

TEST_CASE("prepare: without root no app runs as somebody else, and none is left behind", "[unit][commands]") {
    Server server(1000);
    for (const char* attribute : {"uid", "gid"}) {
        Json config = wire();
        config[attribute] = "nobody";
        for (const char* method : {"prepare", "kpm.start"}) {
            server.call(method, Json::array({config}));
            CHECK(server.error() ==
                  "cannot start 'http': 'uid' and 'gid' need a daemon that runs as root, this one is ann's");
        }
        CHECK(server.supervisor.slots().empty());
    }
    // What was saved is kept, with the error of its start.
    Json saved = wire();
    saved.erase("instances");
    saved["uid"] = "nobody";
    saved["status"] = "stopped";
    server.call("prepare", Json::array({saved}));
    CHECK(server.supervisor.slots().size() == 1);

    start(server, wire());
    server.call("kpm.restart", Json::array({{{"id", 1}, {"env", {{"current_conf", {{"uid", "nobody"}}}}}}}));
    CHECK_FALSE(server.error().empty());
    CHECK(server.supervisor.find(1)->config->uid.empty());
    CHECK(server.supervisor.find(1)->current.life.state() == State::Online);
}

TEST_CASE("pm2_env: has what PM2 adds to every app, and takes it back from a dump", "[unit][commands]") {
    Server server;
    start(server, wire());
    const Slot* slot = server.supervisor.find(0);
    Json env = pm2_env(*slot);
    CHECK(env.at("env").at("unique_id") == slot->unique_id);
    CHECK(env.at("env").at("http") == Json::object());
    CHECK_FALSE(env.contains("http"));
    CHECK(env.at("km_link") == false);
    CHECK(std::ranges::count(server.host.specs.at(1).env, "km_link=false") == 1);
    CHECK(std::ranges::none_of(server.host.specs.at(1).env,
                               [](const std::string& line) { return line.starts_with("http="); }));

    server.call("prepare", Json::array({dump_entry(*slot)}));
    const auto& variables = server.supervisor.find(1)->config->env;
    CHECK(ecosystem::find_variable(variables, "unique_id") == nullptr);
    CHECK(ecosystem::find_variable(variables, "http") == nullptr);
    CHECK(variables.size() == 2);

    // The variable of an app of a file.
    Json by_file = wire();
    by_file["env"]["http"] = "{}";
    server.call("prepare", Json::array({by_file}));
    env = pm2_env(*server.supervisor.find(2));
    CHECK(env.at("env").at("http") == "{}");
    CHECK(env.at("http") == "{}");
}

TEST_CASE("kpm.start: tells that the app was not ready, where prepare calls it a success",
          "[unit][commands]") {
    Json config = wire();
    config["wait_ready"] = true;
    for (const char* method : {"kpm.start", "prepare"}) {
        Server server;
        server.call(method, Json::array({config}));
        server.happen(Spawned{10});
        server.host.advance(Duration{3000});
        server.supervisor.drain();
        REQUIRE(server.answer);
        CHECK(server.answer->has_value() == (std::string_view(method) == "prepare"));
    }
}

TEST_CASE("restartProcessId: variables overlay, current_conf overwrites, its env replaces",
          "[unit][commands]") {
    Server server;
    start(server, wire());
    server.call(
        "restartProcessId",
        Json::array(
            {{{"id", "0"},
              {"env", {{"LANG", "de"}, {"current_conf", {{"args", {"--bar"}}, {"env", Json::object()}}}}}}}));
    const auto& config = server.supervisor.find(0)->config;
    CHECK(config->args == std::vector<std::string>{"--bar"});
    CHECK(*ecosystem::find_variable(config->env, "LANG") == "de");
    CHECK(*ecosystem::find_variable(config->env, "PATH") == "/bin");

    server.call("restartProcessId",
                Json::array({{{"id", 0}, {"env", {{"current_conf", {{"env", {{"A", "1"}}}}}}}}}));
    CHECK(ecosystem::find_variable(server.supervisor.find(0)->config->env, "PATH") == nullptr);
}

TEST_CASE("ids: unknown ones get PM2's answers", "[unit][commands]") {
    Server server;
    server.call("stopProcessId", Json::array({9}));
    CHECK(server.error() == "9 : id unknown");
    server.call("deleteProcessId", Json::array({{{"id", "9"}}}));
    CHECK(server.error() == "9 : id unknown");
    server.call("restartProcessId", Json::array({{{"id", 9}}}));
    CHECK(server.error() == "God db process id unknown");
    server.call("reloadProcessId", Json::array({{{"id", 9}}}));
    CHECK(server.error() == "PM2 ID unknown");
    server.call("softReloadProcessId", Json::array({{{"id", 9}}}));
    CHECK(server.error() == "pm_id 9 not available in 9");
    start(server, wire());
    server.call("sendSignalToProcessId", Json::array({{{"process_id", 0}, {"signal", "NOTHING"}}}));
    CHECK(server.error() == "Error when sending signal (signal unknown)");
}

TEST_CASE("msgProcess: the action's bare name, or all that was asked for when that says more",
          "[unit][commands]") {
    Server server;
    start(server, wire());
    server.supervisor.take_message(server.host.last(),
                                   {{"type", "axm:action"}, {"data", {{"action_name", "greet"}}}});
    const auto sent = [&](Json options) {
        server.host.take();
        server.call("msgProcess", Json::array({std::move(options)}));
        const auto calls = server.host.take();
        REQUIRE(calls.size() == 1);
        return calls[0].substr(std::string("message 0/1 ").size());
    };
    CHECK(sent({{"id", 0}, {"msg", "greet"}}) == R"("greet")");
    CHECK(sent({{"id", 0}, {"msg", "greet"}, {"uuid", "u"}}) == R"({"id":0,"msg":"greet","uuid":"u"})");
    CHECK(sent({{"id", 0}, {"msg", "greet"}, {"opts", 1}}) == R"({"id":0,"msg":"greet","opts":1})");
    CHECK(sent({{"name", "http"}, {"msg", "greet"}, {"uuid", "u"}}) == R"("greet")");
}

TEST_CASE("killMe: stops all, then ends and tells the waiting client", "[unit][commands]") {
    Server server;
    start(server, wire());
    server.host.take();
    server.call("killMe", Json::array({{{"pid", 4242}}}));
    CHECK_FALSE(server.answer);
    server.happen(Exited{0, 0});
    server.happen(TreeGone{});
    CHECK(server.host.take().back() == "shut-down 4242");
}

TEST_CASE("kpm.save: an empty list does not replace a dump, unless forced", "[unit][commands]") {
    Server server;
    server.host.dump = "old";
    server.call("kpm.save", Json::array({Json::object()}));
    CHECK(server.value().at("written") == false);
    CHECK(server.host.dump == "old");
    server.call("kpm.save", Json::array({{{"force", true}}}));
    CHECK(server.host.dump == "[]");
}

TEST_CASE("monitor: marks the row of an app, unmonitor takes the mark away", "[unit][commands]") {
    Server server;
    server.call("prepare", Json::array({wire()}));
    server.call("monitor", Json::array({"0"}));
    CHECK(server.value() == Json{{"success", true}, {"pm_id", 0}});
    server.call("getMonitorData", Json::array({{{"environment", false}}}));
    CHECK(server.value()[0]["pm2_env"]["_km_monitored"] == true);
    server.call("unmonitor", Json::array({0}));
    server.call("getMonitorData", Json::array({Json::object()}));
    CHECK(server.value()[0]["pm2_env"]["_km_monitored"] == false);
    server.call("monitor", Json::array({9}));
    CHECK(server.error() == "Unknown pm_id");
}

TEST_CASE("profileCPU, profileMEM: an error that says what to use", "[unit][commands]") {
    Server server;
    for (const char* method : {"profileCPU", "profileMEM"}) {
        server.call(method, Json::array({{{"pwd", "/tmp/x"}, {"timeout", 10}}}));
        CHECK(server.error().starts_with("cannot profile 'kpmd': "));
    }
}

TEST_CASE("getReport: the facts of the daemon, none of its variables", "[unit][commands]") {
    Server server;
    server.call("prepare", Json::array({wire()}));
    server.call("getReport", Json::array({Json::object()}));
    CHECK(server.value()["pm2_version"] == "7.0.4");
    CHECK(server.value()["user"] == "ann");
    CHECK(server.value()["managed_apps"] == 1);
    CHECK_FALSE(server.value().contains("env"));
}

TEST_CASE("startWatch, toggleWatch: switch the watch of an app, stopWatch leaves the wish",
          "[unit][commands]") {
    Server server;
    server.call("prepare", Json::array({wire()}));
    const auto is_watched = [&] {
        return pm2_env(*server.supervisor.find(0)).value("watch", Json(false)) == true;
    };
    const Json success{{"success", true}};
    server.call("startWatch", Json::array({"restartProcessId", {{"id", 0}}}));
    CHECK(server.value() == success);
    CHECK(is_watched());
    server.call("startWatch", Json::array({"restartProcessId", {{"id", "0"}}}));
    CHECK(is_watched());
    server.call("stopWatch", Json::array({"stopProcessId", 0}));
    CHECK(server.value() == success);
    CHECK(is_watched());
    server.call("toggleWatch", Json::array({"restartProcessId", {{"id", 0}}}));
    CHECK_FALSE(is_watched());
    server.call("startWatch", Json::array({"stopProcessId", {{"id", 0}}}));  // acts for restarts only
    CHECK(server.value() == success);
    CHECK_FALSE(is_watched());
    server.call("startWatch", Json::array({"restartProcessId", {{"id", 7}}}));
    CHECK(server.value() == success);
}

TEST_CASE("getMonitorData leaves environments out only when it is told to") {
    Server server;
    Json config = wire();
    config["env"]["version"] = "7";  // PM2's list shows such a variable
    server.call("prepare", Json::array({config}));
    server.call("getMonitorData", Json::array({Json::object()}));
    Json whole = server.value();
    REQUIRE(whole.size() == 1);
    CHECK(whole[0]["pm2_env"]["LANG"] == "C");
    CHECK(whole[0]["pm2_env"]["env"]["PATH"] == "/bin");
    CHECK(whole[0]["pm2_env"]["version"] == "7");

    server.call("getMonitorData", Json::array({{{"environment", false}}}));
    const Json& brief = server.value();
    REQUIRE(brief.size() == 1);
    // Nothing else differs.
    for (const char* name : {"LANG", "PATH"}) whole[0]["pm2_env"].erase(name);
    whole[0]["pm2_env"]["env"] = Json::object();
    CHECK(nlohmann::json(brief) == nlohmann::json(whole));

    for (const Json& odd :
         {Json(nullptr), Json("x"), Json{{"environment", "no"}}, Json{{"environment", true}}}) {
        server.call("getMonitorData", Json::array({odd}));
        CHECK(server.value()[0]["pm2_env"].contains("LANG"));
    }
}

TEST_CASE("getMonitorData tells of the connections of workers, and asks for them only where there are some",
          "[unit][commands]") {
    Server server;
    start(server, wire());
    server.host.workers = {{.key = server.host.last(), .connections = {.handed = 9}}};
    server.host.take();
    server.call("getMonitorData", Json::array({Json::object()}));
    CHECK_FALSE(server.value()[0].contains("connections"));
    CHECK(server.host.take().empty());

    Json config = wire();
    config["exec_mode"] = "cluster_mode";
    std::vector<AppKey> keys;
    for (int i = 0; i < 3; ++i) {
        start(server, config);
        server.happen(Ready{});
        keys.push_back(server.host.last());
    }
    // In no order; of the second there is an older process, too, and the third is not known yet.
    const AppKey earlier{keys[1].pm_id, 0};
    server.host.workers = {
        {.key = keys[1],
         .serving = true,
         .connections = {.handed = 5, .accepted = 4, .active = 3, .rescued = 2, .refused = 1},
         .load = 7},
        {.key = earlier, .draining = true, .connections = {.handed = 100}},
        {.key = keys[0], .connections = {.accepted = 6}}};
    server.host.take();
    server.call("getMonitorData", Json::array({{{"environment", false}}}));
    for (const Json& row : server.value()) CHECK_FALSE(row.contains("connections"));
    CHECK(server.host.take().empty());

    server.call("getMonitorData", Json::array({Json::object()}));
    CHECK(server.host.take() == std::vector<std::string>{"worker-stats"});
    const Json& rows = server.value();
    REQUIRE(rows.size() == 4);
    CHECK_FALSE(rows[0].contains("connections"));
    CHECK(rows[1]["connections"] ==
          Json{{"handed", 0}, {"accepted", 6}, {"active", 0}, {"rescued", 0}, {"refused", 0}});
    CHECK(rows[2]["connections"] ==
          Json{{"handed", 5}, {"accepted", 4}, {"active", 3}, {"rescued", 2}, {"refused", 1}});
    CHECK_FALSE(rows[3].contains("connections"));

    server.call("kpm.workers", Json::array());
    REQUIRE(server.value().size() == 3);
    CHECK(server.value()[0].dump() ==
          R"({"pm_id":2,"serving":true,"draining":false,"handed":5,"accepted":4,"active":3,"rescued":2,)"
          R"("refused":1,"load":7})");
}
