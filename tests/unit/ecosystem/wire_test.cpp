#include <catch2/catch.hpp>

#include "ecosystem/dump_app.h"
#include "ecosystem/parse_app.h"
#include "sample_config.h"

using namespace kpm;
using namespace kpm::ecosystem;
using namespace std::chrono_literals;

TEST_CASE("wire: what is dumped is parsed back, unknown keys included", "[unit][ecosystem]") {
    AppConfig sample = sample_config();
    sample.extra["km_link"] = false;
    sample.extra["something_new"] = Json::array({1, "two"});
    auto back = parse_wire(dump_wire(sample));
    REQUIRE(back);
    CHECK(*back == sample);
}

TEST_CASE("wire: the keys are those of PM2", "[unit][ecosystem]") {
    AppConfig config;
    config.name = "http";
    config.script = "/srv/http.js";
    config.cwd = "/srv";
    config.interpreter = "node";
    config.exec_mode = ExecMode::Fork;
    config.instances = 1;
    config.out_file = "/h/logs/http-out.log";
    config.error_file = "/h/logs/http-error.log";
    config.pid_file = "/h/pids/http.pid";
    config.merge_logs = true;
    config.username = "ann";
    config.args = {"--foo", "bar"};
    config.env = {{"PM2_HOME", "/h"}};
    const Json expected = Json::parse(R"({
        "name": "http", "filter_env": [], "namespace": "default", "args": ["--foo", "bar"], "env": {"PM2_HOME": "/h"},
        "merge_logs": true, "vizion": true, "autostart": true, "autorestart": true, "watch": false,
        "instance_var": "NODE_APP_INSTANCE", "pmx": true, "automation": true, "treekill": true, "username": "ann",
        "windowsHide": true, "kill_retry_time": 100, "node_args": [], "pm_exec_path": "/srv/http.js",
        "pm_cwd": "/srv", "exec_interpreter": "node", "exec_mode": "fork_mode", "instances": 1,
        "pm_out_log_path": "/h/logs/http-out.log", "pm_err_log_path": "/h/logs/http-error.log",
        "pm_pid_path": "/h/pids/http.pid"})");
    // Compared without order: ordered_json compares the order of keys as well.
    CHECK(nlohmann::json(dump_wire(config)) == nlohmann::json(expected));
}

TEST_CASE("wire: what PM2's CLI sends is read", "[unit][ecosystem]") {
    auto config = parse_wire(Json::parse(R"({
        "name": "my_app", "args": ["a", "b c"], "max_memory_restart": 157286400, "min_uptime": 10000,
        "exec_mode": "cluster_mode", "instances": 2, "port": 3000, "env": {"PORT": 3000, "my_app": {}},
        "env_prod": {"A": 2}, "pm_log_path": "/h/logs/my-app.log", "km_link": false, "uid": 1000,
        "stop_exit_codes": [0, 3], "kill_timeout": "5000", "treekill": true})"));
    REQUIRE(config);
    CHECK(config->max_memory_restart.count == 157286400);
    CHECK(config->min_uptime == 10s);
    CHECK(config->exec_mode == ExecMode::Cluster);
    CHECK(config->log_file == Selection("/h/logs/my-app.log"));
    CHECK(config->uid == "1000");
    CHECK(config->kill_timeout == 5s);
    CHECK(*find_variable(config->env, "PORT") == "3000");
    CHECK(config->env_blocks == std::vector<EnvBlock>{{"prod", {{"A", "2"}}}});
    CHECK(config->extra == Json{{"km_link", false}});
}

TEST_CASE("wire: variables that PM2 repeats at the top level are not kept twice", "[unit][ecosystem]") {
    auto config =
        parse_wire(Json::parse(R"({"env": {"PATH": "/bin", "env_x": "1"}, "PATH": "/old", "env_x": "1",
                                             "axm_options": {}})"));
    REQUIRE(config);
    CHECK(config->extra == Json{{"axm_options", Json::object()}});
    CHECK(config->env_blocks.empty());
}

TEST_CASE("wire: env_file keeps its two meanings", "[unit][ecosystem]") {
    auto config = parse_wire(Json::parse(R"({"env_file": ["/srv/.env"], "env_prod": {"A": "1"}})"));
    REQUIRE(config);
    CHECK(config->env_file == std::vector<std::string>{"/srv/.env"});
    config = parse_wire(Json::parse(R"({"env_file": {"A": "1"}})"));
    REQUIRE(config);
    CHECK(config->env_file.empty());
    CHECK(config->env_blocks == std::vector<EnvBlock>{{"file", {{"A", "1"}}}});
}

TEST_CASE("wire: a wrong value is an error that names the key", "[unit][ecosystem]") {
    auto config = parse_wire(Json{{"max_restarts", "many"}});
    REQUIRE_FALSE(config);
    CHECK(config.error().message == R"(max_restarts: expected a number of at least 0, found "many")");
    CHECK_FALSE(parse_wire(Json::array()));
}

TEST_CASE("wire: regular expressions of ignore_watch, empty objects for PM2, are left out",
          "[unit][ecosystem]") {
    const Json ignored = Json::parse(R"({"ignore_watch": ["logs", {}, 7]})");
    const auto config = parse_wire(ignored);
    REQUIRE(config);
    CHECK(config->ignore_watch == std::vector<std::string>{"logs", "7"});
    const auto merged = merge_wire(*config, Json::parse(R"({"ignore_watch": [{}]})"));
    REQUIRE(merged);
    CHECK(merged->ignore_watch == std::vector<std::string>{});  // what is left out by itself is watched
    CHECK_FALSE(parse_app(ignored));
}

TEST_CASE("wire: what cannot be read of a saved app stays as it is, until it is mended",
          "[unit][ecosystem]") {
    const auto saved = parse_saved(Json::parse(
        R"({"name": "a", "pm_exec_path": "/a", "max_restarts": "many", "kill_timeout": 5000, "time": "12:00",
            "env": {"time": "12:00"}})"));
    REQUIRE(saved);
    CHECK(unread_value(*saved) == R"(max_restarts: expected a number of at least 0, found "many")");
    CHECK(saved->extra == Json{{"max_restarts", "many"}});  // the time is a variable
    CHECK(saved->max_restarts == AppConfig().max_restarts);
    CHECK(saved->kill_timeout == 5s);
    CHECK(dump_wire(*saved)["max_restarts"] == "many");
    for (const char* changes : {R"({"max_restarts": 3})", R"({"max_restarts": "null"})"}) {
        const auto mended = merge_wire(*saved, Json::parse(changes));
        REQUIRE(mended);
        CHECK(unread_value(*mended).empty());
    }
    for (const char* nothing : {R"({"name": []})", R"({"name": "a", "env": 5})", "7"})
        CHECK_FALSE(parse_saved(Json::parse(nothing)));
}

TEST_CASE("wire: a log_type that PM2 does not know is raw, as there", "[unit][ecosystem]") {
    for (const auto& [type, taken] : {std::pair("xml", "raw"), {"raw", "raw"}, {"json", "json"}, {"", ""}}) {
        const auto config = parse_wire(Json{{"log_type", type}});
        REQUIRE(config);
        CHECK(config->log_type == taken);
    }
    CHECK(parse_wire(Json{{"log_type", true}})->log_type == "raw");
    CHECK_FALSE(parse_app(Json{{"log_type", "xml"}}));
}

TEST_CASE("wire: a restart's options overwrite, and the text null takes one back", "[unit][ecosystem]") {
    AppConfig config;
    config.name = "a";
    config.kill_timeout = 5s;
    config.max_restarts = 3;
    config.env = {{"A", "1"}};
    auto merged = merge_wire(config, Json::parse(R"({"name": "b", "kill_timeout": "null", "env": {}})"));
    REQUIRE(merged);
    CHECK(merged->name == "b");
    CHECK_FALSE(merged->kill_timeout);
    CHECK(merged->max_restarts == 3);
    CHECK(merged->env == config.env);
    merged = merge_wire(config, Json::parse(R"({"env": {"B": 2}})"));
    REQUIRE(merged);
    CHECK(merged->env == Environment{{"B", "2"}});
}

TEST_CASE("wire: only what was given is sent for a restart", "[unit][ecosystem]") {
    auto app = parse_app(Json::parse(R"({"out": "/x.log", "merge_logs": false, "env_x": {"A": "1"}})"));
    REQUIRE(app);
    CHECK(
        nlohmann::json(dump_wire(app->config, app->given)) ==
        nlohmann::json::parse(R"({"pm_out_log_path": "/x.log", "merge_logs": false, "env_x": {"A": "1"}})"));
}

TEST_CASE("wire: the text null resets an attribute of what runs, and is a text of what is new",
          "[unit][ecosystem]") {
    const auto made = parse_wire(Json::parse(R"({"name": "null", "pm_exec_path": "/a"})"));
    REQUIRE(made);
    CHECK(made->name == "null");
    AppConfig config = *made;
    config.cron_restart = "* * * * *";
    const auto merged = merge_wire(config, Json::parse(R"({"cron_restart": "null"})"));
    REQUIRE(merged);
    CHECK(merged->cron_restart.empty());
}
