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

namespace {

PastExit past_exit(const char* entry) {
    const auto name = [](std::int64_t uid) { return uid == 0 ? std::string("root") : std::string(); };
    const auto exits = past_exits(Json::array({Json::parse(entry)}), name);
    REQUIRE(exits.size() == 1);
    return exits.front();
}

std::string text_of_exit(const char* entry) {
    return exit_text(past_exit(entry));
}

}  // namespace

TEST_CASE("exit history: how it ended, and who or what asked for it", "[unit][cli]") {
    CHECK(text_of_exit(R"({"exit_code": 3, "exit_signal": null, "failure": null, "reason": "exit"})") ==
          "exit code 3");
    CHECK(text_of_exit(R"({"exit_signal": 15, "reason": "signal"})") ==
          "signal SIGTERM: kpm did not send it");
    CHECK(text_of_exit(R"({"reason": "unknown"})") == "unknown: it ended while no daemon ran");
    CHECK(text_of_exit(R"({"failure": "cannot execute '/x'", "reason": "not_started"})") ==
          "cannot execute '/x'");
    CHECK(text_of_exit(R"({"exit_code": 0, "reason": "restart", "client": {"pid": 42, "uid": 0}})") ==
          "exit code 0: restarted by root, pid 42");
    CHECK(text_of_exit(R"({"exit_code": 0, "reason": "reload", "client": {"pid": 0, "uid": 1000}})") ==
          "exit code 0: reloaded by uid 1000");
    CHECK(text_of_exit(R"({"exit_signal": 9, "killed": true, "reason": "stop", "client": null})") ==
          "signal SIGKILL after its kill_timeout: stopped by a client");
    CHECK(text_of_exit(R"({"exit_code": 0, "reason": "watch", "detail": "/srv/a.js"})") ==
          "exit code 0: restarted, '/srv/a.js' has changed");
    CHECK(text_of_exit(
              R"({"exit_code": 0, "reason": "probe", "detail": "liveness probe failed: no answer"})") ==
          "exit code 0: ended, its liveness probe failed: no answer");
    CHECK(text_of_exit(R"({"exit_code": 0, "reason": "of a later kpm", "detail": "x"})") ==
          "exit code 0: of a later kpm (x)");
}

TEST_CASE("exit history: the facts of an end", "[unit][cli]") {
    const Json facts = past_exit_facts(past_exit(
        R"({"at": 1000, "uptime": 70, "pid": 7, "exit_code": 0, "reason": "restart", "killed": false,
            "client": {"pid": 42, "uid": 0}})"));
    CHECK(facts == Json{{"at", "1970-01-01T00:00:01.000Z"},
                        {"uptime_ms", 70},
                        {"pid", 7},
                        {"exit_code", 0},
                        {"exit_signal", nullptr},
                        {"killed", false},
                        {"cause", "exit code 0"},
                        {"reason", "restart"},
                        {"detail", nullptr},
                        {"client", {{"pid", 42}, {"uid", 0}, {"user", "root"}}},
                        {"text", "exit code 0: restarted by root, pid 42"}});
    CHECK(past_exits(Json("no list"), nullptr).empty());
    CHECK(past_exits(Json::array({1}), nullptr).empty());
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
