#include "cli/restart_by_file.h"

#include <catch2/catch.hpp>

#include "ecosystem/dump_app.h"

using namespace kpm;
using namespace kpm::cli;
using Keys = std::vector<std::string>;

namespace {

constexpr unsigned kCpus = 4;

ecosystem::ParsedApp declared(const char* json) {
    auto app = ecosystem::parse_app(Json::parse(json));
    if (!app) FAIL(app.error().message);
    return *app;
}

// As resolve() leaves it, without looking at files.
ecosystem::ResolvedApp resolved(const ecosystem::ParsedApp& app) {
    ecosystem::ResolvedApp result{.config = app.config, .declared = app.config.env, .warnings = {}};
    ecosystem::AppConfig& config = result.config;
    config.env = {{"SHELL_VARIABLE", "1"}};
    ecosystem::merge_environment(config.env, app.config.env);
    if (config.cwd.empty()) config.cwd = "/srv";
    if (config.interpreter.empty()) config.interpreter = "node";
    if (!config.exec_mode) config.exec_mode = ecosystem::ExecMode::Fork;
    if (!config.instances) config.instances = 1;
    if (!config.merge_logs) config.merge_logs = true;
    if (config.out_file.empty()) config.out_file = "/h/logs/web-out.log";
    return result;
}

// The rows of an app with these attributes, as jlist shows them.
struct Running {
    Json list = Json::array();

    explicit Running(const char* json, int instances = 1) {
        const Json env = ecosystem::dump_wire(resolved(declared(json)).config);
        for (int id = 0; id < instances; ++id)
            list.push_back({{"pm_id", id}, {"name", "web"}, {"pm2_env", env}});
    }
};

Changes changes(const Running& running, const char* json) {
    const auto app = declared(json);
    const auto to = resolved(app);
    return changes_of(app, to, restart_env(app, to), read_rows(running.list), kCpus);
}

}  // namespace

TEST_CASE("restart by file: nothing changed, nothing told", "[unit][cli]") {
    const char* app = R"({"script": "/srv/a.js", "args": "x", "env": {"A": "1"}, "time": true,
                          "out_file": "/l/o.log", "max_memory_restart": "100M", "instances": 1})";
    const Changes none = changes(Running(app), app);
    CHECK(none.applied.empty());
    CHECK(none.fixed.empty());
    CHECK(none.wanted_instances == 0);
}

TEST_CASE("restart by file: what differs is told in the order of the table", "[unit][cli]") {
    const Running running(R"({"script": "/srv/a.js", "args": "one", "kill_timeout": 3000})");
    const Changes changed = changes(
        running,
        R"({"kill_timeout": "5s", "max_memory_restart": "150M", "args": "two", "script": "/srv/a.js"})");
    CHECK(changed.applied == Keys{"args", "max_memory_restart", "kill_timeout"});
    CHECK(changed.fixed.empty());
}

TEST_CASE("restart by file: what is taken out of the file keeps its value", "[unit][cli]") {
    const Running running(R"({"script": "/srv/a.js", "args": "one", "kill_timeout": 3000})");
    CHECK(changes(running, R"({"script": "/srv/a.js"})").applied.empty());
}

TEST_CASE("restart by file: variables count when the file declares them", "[unit][cli]") {
    const Running running(R"({"script": "/srv/a.js", "env": {"A": "1"}})");
    CHECK(changes(running, R"({"script": "/srv/a.js", "env": {"A": "2"}})").applied == Keys{"env"});
    CHECK(changes(running, R"({"script": "/srv/a.js", "env": {"B": "1"}})").applied == Keys{"env"});
    CHECK(changes(running, R"({"script": "/srv/a.js"})").applied.empty());
}

TEST_CASE("restart by file: what is fixed is not sent, but named", "[unit][cli]") {
    const Running running(R"({"script": "/srv/a.js", "out_file": "/l/o.log"})");
    const char* json = R"({"script": "/srv/a.js", "out_file": "/l/new.log", "exec_mode": "cluster",
                           "merge_logs": false, "args": "x"})";
    const Changes changed = changes(running, json);
    CHECK(changed.applied == Keys{"args"});
    CHECK(changed.fixed == Keys{"exec_mode", "out_file", "merge_logs"});
    const auto app = declared(json);
    const Json conf = restart_env(app, resolved(app))["current_conf"];
    for (const char* key : {"pm_out_log_path", "exec_mode", "merge_logs"}) CHECK_FALSE(conf.contains(key));
    CHECK(conf["args"] == Json{"x"});
}

TEST_CASE("restart by file: the log files of an instance are those of the app", "[unit][cli]") {
    const char* app =
        R"({"script": "/srv/a.js", "out_file": "/l/o.log", "instances": 2, "merge_logs": false})";
    Running running(app, 2);
    running.list[0]["pm2_env"]["pm_out_log_path"] = "/l/o-0.log";
    running.list[1]["pm2_env"]["pm_out_log_path"] = "/l/o-1.log";
    CHECK(changes(running, app).fixed.empty());
}

TEST_CASE("restart by file: another number of instances is told, by the count of processes", "[unit][cli]") {
    const Running running(R"({"script": "/srv/a.js", "instances": 2})", 2);
    CHECK(changes(running, R"({"script": "/srv/a.js", "instances": 2})").wanted_instances == 0);
    CHECK(changes(running, R"({"script": "/srv/a.js", "instances": 3})").wanted_instances == 3);
    CHECK(changes(running, R"({"script": "/srv/a.js", "instances": "max"})").wanted_instances == kCpus);
    CHECK(changes(running, R"({"script": "/srv/a.js"})").wanted_instances == 0);
    CHECK(changes(running, R"({"script": "/srv/a.js", "instances": 3})").fixed.empty());
}

TEST_CASE("restart by file: derived attributes and variables go along", "[unit][cli]") {
    auto app =
        declared(R"({"script": "/srv/a.js", "time": true, "cwd": "/srv", "env": {"PORT": "1", "A": "2"},
                            "increment_var": "PORT"})");
    const Json env = restart_env(app, resolved(app));
    for (const char* key :
         {"exec_interpreter", "node_args", "time", "log_date_format", "pm_cwd", "pm_exec_path"})
        CHECK(env["current_conf"].contains(key));
    CHECK(env["PWD"] == "/srv");
    CHECK(env["A"] == "2");
    CHECK_FALSE(env.contains("PORT"));            // each instance has its own
    CHECK_FALSE(env.contains("SHELL_VARIABLE"));  // the app has variables of its own
    app = declared(R"({"script": "/srv/a.js"})");
    CHECK(restart_env(app, resolved(app)).contains("SHELL_VARIABLE"));
}

TEST_CASE("restart by file: an entry that cannot be read changes nothing", "[unit][cli]") {
    Running running(R"({"script": "/srv/a.js"})");
    running.list[0]["pm2_env"]["max_restarts"] = "many";
    CHECK(changes(running, R"({"script": "/srv/b.js"})").applied.empty());
    CHECK(changes(Running("{}", 0), R"({"script": "/srv/b.js"})").applied.empty());
}

TEST_CASE("restart by name: options that are fixed are set apart", "[unit][cli]") {
    Keys fixed;
    CHECK(changeable({"args", "out_file", "instances", "exec_mode"}, fixed) == Keys{"args", "instances"});
    CHECK(fixed == Keys{"out_file", "exec_mode"});
}
