#include "ecosystem/parse_app.h"

#include <catch2/catch.hpp>

#include "ecosystem/dump_app.h"
#include "sample_config.h"

using namespace kpm;
using namespace kpm::ecosystem;
using namespace std::chrono_literals;

namespace {

AppConfig parsed(const char* json) {
    auto app = parse_app(Json::parse(json));
    if (!app) FAIL(app.error().message);
    CHECK(app->warnings.empty());
    return app->config;
}

std::string error_of(const char* json, const ParseOptions& options = {.path = "apps[0]"}) {
    auto app = parse_app(Json::parse(json), options);
    REQUIRE_FALSE(app);
    CHECK(app.error().code == ErrorCode::Invalid);
    return app.error().message;
}

}  // namespace

TEST_CASE("parse app: what is dumped is parsed back", "[unit][ecosystem]") {
    const AppConfig sample = sample_config();
    auto app = parse_app(dump_app(sample));
    REQUIRE(app);
    CHECK(app->warnings.empty());
    CHECK(app->config == sample);
    CHECK(dump_app(AppConfig{}) == Json::object());
}

TEST_CASE("parse app: literal zero, false and empty text are values", "[unit][ecosystem]") {
    const AppConfig config =
        parsed(R"({"max_restarts": 0, "kill_timeout": 0, "merge_logs": false, "cron_restart": 0})");
    CHECK(config.max_restarts == 0);
    CHECK(config.kill_timeout == 0ms);
    CHECK(config.merge_logs == false);
    CHECK(config.cron_restart == "0");
    CHECK(parsed(R"({"name": null})").name == "");
}

TEST_CASE("parse app: numbers may be texts, durations and sizes have units", "[unit][ecosystem]") {
    const AppConfig config = parsed(
        R"({"max_restarts": "7", "min_uptime": "10s", "restart_delay": "250", "max_memory_restart": "150M",
            "kill_timeout": 3000.0, "port": "8080", "stop_exit_codes": "0, 1", "instances": "max"})");
    CHECK(config.max_restarts == 7);
    CHECK(config.min_uptime == 10s);
    CHECK(config.restart_delay == 250ms);
    CHECK(config.max_memory_restart.count == 150u << 20);
    CHECK(config.kill_timeout == 3000ms);
    CHECK(config.port == 8080);
    CHECK(config.stop_exit_codes == std::vector<int>{0, 1});
    CHECK(config.instances == 0);
}

TEST_CASE("parse app: one value stands for a list of one", "[unit][ecosystem]") {
    CHECK(parsed(R"({"stop_exit_codes": 3})").stop_exit_codes == std::vector<int>{3});
    CHECK(parsed(R"({"args": 3})").args == std::vector<std::string>{"3"});
    CHECK(parsed(R"({"listen": 8080})").listen == std::vector<std::string>{"8080"});
    CHECK(parsed(R"({"ignore_watch": "a b"})").ignore_watch == std::vector<std::string>{"a", "b"});
    // An empty list is not the same as none, and stays so on the wire.
    const AppConfig none = parsed(R"({"ignore_watch": []})");
    CHECK(dump_wire(none)["ignore_watch"] == Json::array());
    CHECK(dump_app(none)["ignore_watch"] == Json::array());
    const auto again = merge_wire(none, Json::parse(R"({"ignore_watch": ["a"]})"));
    REQUIRE(again);
    CHECK(dump_wire(*again)["ignore_watch"] == Json{"a"});
    CHECK_FALSE(dump_wire(parsed("{}")).contains("ignore_watch"));
    const auto reset = merge_wire(none, Json::parse(R"({"ignore_watch": "null"})"));
    REQUIRE(reset);
    CHECK_FALSE(dump_wire(*reset).contains("ignore_watch"));
}

TEST_CASE("parse app: depends_on is a name, a list or an object of conditions", "[unit][ecosystem]") {
    using enum Condition;
    CHECK(parsed(R"({"depends_on": "db"})").depends_on == Dependencies{{"db", Started}});
    CHECK(parsed(R"({"dependsOn": ["db", "cache", "db"]})").depends_on ==
          Dependencies{{"db", Started}, {"cache", Started}});
    CHECK(parsed(R"({"depends_on": []})").depends_on.empty());
    CHECK(parsed(R"({"depends_on": {"a": {"condition": "ready"}, "b": "completed", "c": {}, "d": null}})")
              .depends_on == Dependencies{{"a", Ready}, {"b", Completed}, {"c", Started}, {"d", Started}});
    CHECK(parsed(R"({"depends_on": {"a": {"condition": "service_started"},
                                    "b": {"condition": "service_healthy"},
                                    "c": {"condition": "service_completed_successfully"}}})")
              .depends_on == Dependencies{{"a", Started}, {"b", Ready}, {"c", Completed}});
    // On the wire as short as it can be written.
    CHECK(dump_wire(parsed(R"({"depends_on": {"db": "started"}})"))["depends_on"] == Json{"db"});
    CHECK(dump_wire(parsed(R"({"depends_on": {"db": "ready"}})"))["depends_on"] ==
          Json::parse(R"({"db": {"condition": "ready"}})"));
    CHECK_FALSE(dump_wire(AppConfig{}).contains("depends_on"));
}

TEST_CASE("parse app: a wrong depends_on names the place", "[unit][ecosystem]") {
    CHECK(error_of(R"({"depends_on": {"db": {"condition": "healthy"}}})") ==
          "apps[0].depends_on: expected started, ready or completed for 'db', found \"healthy\"");
    CHECK(error_of(R"({"depends_on": {"db": {"condition": "ready", "required": false}}})") ==
          "apps[0].depends_on: expected nothing but 'condition' for 'db', found 'required'");
    CHECK(error_of(R"({"depends_on": {"db": 3}})") ==
          "apps[0].depends_on: expected started, ready or completed for 'db', found 3");
    CHECK(error_of(R"({"depends_on": true})") ==
          "apps[0].depends_on: expected a name, a list of names or an object of conditions, found true");
    CHECK(error_of(R"({"depends_on": [["db"]]})") ==
          "apps[0].depends_on: expected a list of names, found a list");
    CHECK(error_of(R"({"depends_on": ""})") == "apps[0].depends_on: expected names of apps, found \"\"");
}

TEST_CASE("parse app: watch is a flag, a text or a list", "[unit][ecosystem]") {
    CHECK(parsed(R"({"watch": true})").watch == Selection(true));
    CHECK(parsed(R"({"watch": "false"})").watch == Selection(false));
    CHECK(texts(parsed(R"({"watch": "src"})").watch) == std::vector<std::string>{"src"});
    CHECK(texts(parsed(R"({"watch": ["src", "lib"]})").watch) == std::vector<std::string>{"src", "lib"});
    CHECK(is_on(parsed(R"({"watch": []})").watch));
}

TEST_CASE("parse app: variables become texts", "[unit][ecosystem]") {
    const AppConfig config = parsed(
        R"({"env": {"N": 3000, "B": true, "Z": null, "O": {"x": [1]}, "E": ""}, "env_prod": {"N": 1}})");
    CHECK(config.env ==
          Environment{{"N", "3000"}, {"B", "true"}, {"Z", "null"}, {"O", R"({"x":[1]})"}, {"E", ""}});
    CHECK(config.env_blocks == std::vector<EnvBlock>{{"prod", {{"N", "1"}}}});
}

TEST_CASE("parse app: env_file names files, as an object it is the environment of that name",
          "[unit][ecosystem]") {
    CHECK(parsed(R"({"env_file": ".env"})").env_file == std::vector<std::string>{".env"});
    CHECK(parsed(R"({"envFile": [".env", "local.env"]})").env_file ==
          std::vector<std::string>{".env", "local.env"});
    const AppConfig block = parsed(R"({"env_file": {"A": "1"}})");
    CHECK(block.env_file.empty());
    CHECK(block.env_blocks == std::vector<EnvBlock>{{"file", {{"A", "1"}}}});
}

TEST_CASE("parse app: words of args are split by PM2's rule", "[unit][ecosystem]") {
    CHECK(split_words(R"(a 'b c' "d" k="v w"  e)") ==
          std::vector<std::string>{"a", "b c", "d", "k=\"v w\"", "e"});
    CHECK(split_words("it's") == std::vector<std::string>{"it's"});
    CHECK(split_words(R"('a'b 'c')") == std::vector<std::string>{"'a'b", "c"});
    CHECK(split_words("  ").empty());
}

TEST_CASE("parse app: what was given is told in order, by canonical key", "[unit][ecosystem]") {
    auto app = parse_app(Json::parse(R"({"maxRestarts": 3, "exec": "a.js", "env_x": {}, "env_y": {}})"));
    REQUIRE(app);
    CHECK(app->given == std::vector<std::string>{"max_restarts", "script", "env_"});
}

TEST_CASE("parse app: a value of the wrong type names place, finding and what is allowed",
          "[unit][ecosystem]") {
    CHECK(error_of(R"({"max_restarts": "many"})") ==
          R"(apps[0].max_restarts: expected a number of at least 0, found "many")");
    CHECK(error_of(R"({"maxRestarts": -1})") ==
          "apps[0].maxRestarts: expected a number of at least 0, found -1");
    CHECK(error_of(R"({"time": 1})", {}) == "time: expected true or false, found 1");
    CHECK(error_of(R"({"exec_mode": "threads"})") ==
          R"(apps[0].exec_mode: expected fork or cluster, found "threads")");
    CHECK(error_of(R"({"args": [{}]})") == "apps[0].args: expected a list of texts, found an object");
    CHECK(error_of(R"({"env": ["A"]})") == "apps[0].env: expected an object of variables, found a list");
    CHECK(error_of(R"({"env_prod": ".env"})") ==
          R"(apps[0].env_prod: expected an object of variables, found ".env")");
    CHECK(error_of(R"({"envFile": {"A": "1"}})") ==
          "apps[0].envFile: expected a text or a list of texts, found an object");
    CHECK(error_of(R"({"max_memory_restart": "lots"})") ==
          R"(apps[0].max_memory_restart: expected bytes, or a size such as 150M, found "lots")");
    CHECK(error_of(R"({"min_uptime": 99})") ==
          "apps[0].min_uptime: expected at least 100 milliseconds, or a duration such as 10s, found 99");
    CHECK(error_of(R"({"kill_timeout": -1})") ==
          "apps[0].kill_timeout: expected milliseconds, or a duration such as 10s, found -1");
    CHECK(error_of(R"({"port": 65536})") == "apps[0].port: expected a port number, found 65536");
    CHECK(error_of(R"({"balance": "x"})") ==
          R"(apps[0].balance: expected round_robin, least_connections, hybrid, sticky or shared, found "x")");
    CHECK(error_of(R"({"log_file": ["a"]})") ==
          "apps[0].log_file: expected true, false or a text, found a list");
    CHECK(error_of(R"({"log_type": "xml"})") == R"(apps[0].log_type: expected raw or json, found "xml")");
    CHECK(error_of(R"({"max_restarts": 3000000000})") ==
          "apps[0].max_restarts: expected a number of at least 0, found 3000000000");
    CHECK(error_of(R"({"instances": 1.5})") == "apps[0].instances: expected a number or max, found 1.5");
    CHECK(error_of("[]") == "apps[0]: expected an object that describes an app");
}

TEST_CASE("parse app: texts with NUL and odd variable names are refused", "[unit][ecosystem]") {
    CHECK_FALSE(parse_app(Json{{"script", std::string("a\0b", 3)}}));
    CHECK_FALSE(parse_app(Json{{"args", {std::string("a\0b", 3)}}}));
    CHECK_FALSE(parse_app(Json{{"env", {{"A", std::string("a\0b", 3)}}}}));
    CHECK_FALSE(parse_app(Json{{"env", {{"A=B", "1"}}}}));
    CHECK_FALSE(parse_app(Json{{"env", {{"", "1"}}}}));
}

TEST_CASE("parse app: an unknown key is a warning with a hint", "[unit][ecosystem]") {
    auto app =
        parse_app(Json::parse(R"({"script": "a.js", "max_restart": 3, "colour": 1})"), {.path = "apps[1]"});
    REQUIRE(app);
    REQUIRE(app->warnings.size() == 2);
    CHECK(app->warnings[0] ==
          "apps[1].max_restart: unknown attribute 'max_restart' (did you mean 'max_restarts'?)");
    CHECK(app->warnings[1] == "apps[1].colour: unknown attribute 'colour'");
}

TEST_CASE("parse app: strict makes an unknown key an error", "[unit][ecosystem]") {
    CHECK(error_of(R"({"strict": true, "max_restart": 3})") ==
          "apps[0].max_restart: unknown attribute 'max_restart' (did you mean 'max_restarts'?)");
    CHECK(error_of(R"({"max_restart": 3})", {.strict = true}) ==
          "max_restart: unknown attribute 'max_restart' (did you mean 'max_restarts'?)");
    CHECK(parsed(R"({"strict": true, "name": "a"})").name == "a");
}

TEST_CASE("parse app: an attribute under two names warns and takes the last", "[unit][ecosystem]") {
    auto app = parse_app(Json::parse(R"({"out": "a.log", "out_file": "b.log"})"));
    REQUIRE(app);
    CHECK(app->config.out_file == "b.log");
    CHECK(app->warnings ==
          std::vector<std::string>{"out_file: 'out_file' is given under two names, using the last value"});
}

TEST_CASE("parse app: base values hold where nothing is given", "[unit][ecosystem]") {
    AppConfig base;
    base.name_space = "shop";
    base.max_restarts = 1;
    auto app = parse_app(Json::parse(R"({"max_restarts": 2})"), {.base = base});
    REQUIRE(app);
    CHECK(app->config.name_space == "shop");
    CHECK(app->config.max_restarts == 2);
}
