#include "cli/facts.h"

#include <catch2/catch.hpp>

#include "cli/exit_history.h"
#include "cli/log_view.h"

namespace kpm::cli {

TEST_CASE("facts: what is not known is null", "[unit][cli]") {
    const Json entries = Json::parse(R"([{"pid": 0, "name": "a", "pm_id": 3,
        "pm2_env": {"status": "stopped", "exec_mode": "fork_mode", "version": "N/A", "restart_time": 2}}])");
    const auto rows = read_rows(entries);
    const Json facts = list_facts(rows.front(), 1000);
    CHECK(facts["id"] == 3);
    CHECK(facts["mode"] == "fork");
    CHECK(facts["restarts"] == 2);
    for (const char* key :
         {"namespace", "version", "pid", "uptime_ms", "cpu_percent", "memory_bytes", "user"}) {
        INFO(key);
        CHECK(facts[key].is_null());
    }
}

TEST_CASE("facts: of a running process, with the rows of describe", "[unit][cli]") {
    const Json entries = Json::parse(R"([{"pid": 42, "name": "a", "pm_id": 0,
        "monit": {"memory": 1024, "cpu": 0.5},
        "pm2_env": {"status": "online", "exec_mode": "cluster_mode", "pm_uptime": 400, "watch": ["src"],
                    "args": ["x"], "created_at": 0, "max_memory_restart": 5, "node_version": "20.1.0",
                    "env": {"NODE_ENV": "test"}, "axm_actions": [{"action_name": "gc"}],
                    "axm_monitor": {"Heap": {"value": "1"}}}}])");
    const auto rows = read_rows(entries);
    const Json facts = describe_facts(rows.front(), Json::array({{{"pm_id", 0}, {"handed", 4}}}), {}, 1000);
    CHECK(facts["pid"] == 42);
    CHECK(facts["uptime_ms"] == 600);
    CHECK(facts["mode"] == "cluster");
    CHECK(facts["memory_bytes"] == 1024);
    CHECK(facts["cpu_percent"] == 0.5);
    CHECK(facts["watching"] == true);
    CHECK(facts["args"] == Json({"x"}));
    CHECK(facts["max_memory_bytes"] == 5);
    CHECK(facts["node_version"] == "20.1.0");
    CHECK(facts["node_env"] == "test");
    CHECK(facts["actions"] == Json({"gc"}));
    CHECK(facts["metrics"]["Heap"]["value"] == "1");
    CHECK(facts["connections"]["handed"] == 4);
    CHECK(facts["created_at"] == "1970-01-01T00:00:00.000Z");
    CHECK(facts["last_exit"].is_null());
    CHECK(exit_facts({"exit code 3", {"bad"}}) == Json{{"cause", "exit code 3"}, {"stderr", {"bad"}}});
}

TEST_CASE("exit history: the newest of this instance, oldest first", "[unit][cli]") {
    const std::vector<std::string> lines{
        "2026-11-24T10:00:00: PM2 log: App [web:0] exited with code [1]",
        "2026-11-24T10:00:01: PM2 log: App [web:0] exited with code [2]",
        "2026-11-24T10:00:02: PM2 log: App [web:1] exited with code [9]",
        "2026-11-24T10:00:03: PM2 log: App [web:0] online",
        "2026-11-24T10:00:04: PM2 log: App [web:0] exited with code [0] via signal [SIGKILL]",
        "an app's own words: App [web:0] exited with code [7]",
        "",
    };
    const auto exits = exits_in(lines, "web", 0, 2);
    REQUIRE(exits.size() == 2);
    CHECK(exits[0].time == "2026-11-24T10:00:01");
    CHECK(exits[0].cause == "exit code 2");
    CHECK(exits[1].cause == "signal SIGKILL");
    CHECK(exits_in(lines, "web", 2, 5).empty());
    CHECK(exits_in({"x: PM2 log: App [a:0] exited with code ["}, "a", 0, 1).front().cause == "exit code ");
}

TEST_CASE("exit history: an end that a probe has caused says so", "[unit][cli]") {
    const std::vector<std::string> lines{
        "1: PM2 log: App [web:0] is ended: liveness probe failed: no answer within 1000 ms (3 times)",
        "2: PM2 log: App [web:0] exited with code [0] via signal [SIGKILL]",
        "3: PM2 log: App [web:0] exited with code [1]",
    };
    const auto exits = exits_in(lines, "web", 0, 2);
    REQUIRE(exits.size() == 2);
    CHECK(exits[0].cause == "signal SIGKILL (liveness probe failed: no answer within 1000 ms (3 times))");
    CHECK(exits[1].cause == "exit code 1");
}

TEST_CASE("log view: a line of a file in each shape", "[unit][cli]") {
    const Paint plain(false);
    CHECK(tail_line(LogShape::Prefixed, "3", "web", Stream::Out, "hi", plain) == "3|web      | hi\n");
    CHECK(tail_line(LogShape::Raw, "3", "web", Stream::Out, "hi", plain) == "hi\n");
    CHECK(tail_line(LogShape::Fields, "3", "web", Stream::Error, "hi", plain) ==
          "app=web id=3 type=error message=hi\n");
    const Json entry = Json::parse(tail_line(LogShape::Json, "3", "web", Stream::Error, "h\"i", plain));
    CHECK(entry == Json{{"message", "h\"i"}, {"type", "err"}, {"process_id", 3}, {"app_name", "web"}});
    CHECK(tail_line(LogShape::Json, "3", "web", Stream::Out, "\xff", plain).find("\xEF\xBF\xBD") !=
          std::string::npos);
}

}  // namespace kpm::cli
