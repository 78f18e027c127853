// The option `health`: its forms, what is refused and how, addresses and variables.
#include <catch2/catch.hpp>

#include "ecosystem/dump_app.h"
#include "ecosystem/health_json.h"
#include "ecosystem/json_schema.h"
#include "ecosystem/parse_app.h"
#include "ecosystem/probe_address.h"
#include "ecosystem/read_json.h"
#include "schema_validator.h"

using namespace kpm;
using namespace kpm::ecosystem;
using namespace std::chrono_literals;

namespace {

Json app_with(const std::string& health) {
    auto document = read_json("{script: 'a', health: " + health + "}", "f");
    if (!document) FAIL(document.error().message);
    return document->value;
}

HealthChecks health_of(const std::string& text) {
    const auto parsed = parse_app(app_with(text));
    if (!parsed) FAIL(parsed.error().message);
    return parsed->config.health;
}

std::string error_of(const std::string& text) {
    const auto parsed = parse_app(app_with(text));
    return parsed ? "" : parsed.error().message;
}

bool is_in_schema(const std::string& text) {
    static const SchemaValidator kValidator(config_schema());
    return kValidator.accepts(app_with(text));
}

std::optional<std::string> value_of(std::string_view name) {
    if (name == "PORT") return "3001";
    if (name == "HOST") return "::1";
    return std::nullopt;
}

}  // namespace

TEST_CASE("health: an address alone is readiness", "[unit][ecosystem][health]") {
    const HealthChecks expected{
        .startup = {}, .readiness = Probe{.text = "http://127.0.0.1:3000/up"}, .liveness = {}};
    CHECK(health_of("'http://127.0.0.1:3000/up'") == expected);
    CHECK(health_of("{http: 'http://127.0.0.1:3000/up'}") == expected);
    CHECK(health_of("{readiness: 'http://127.0.0.1:3000/up'}") == expected);
    CHECK(health_of("{}").is_empty());
    CHECK(health_of("false").is_empty());
}

TEST_CASE("health: all that a probe can have", "[unit][ecosystem][health]") {
    const HealthChecks health = health_of(R"({
        startup: {exec: 'test -e up', interval: '2s', failureThreshold: 30},
        readiness: {http: '/ready', port: 8080, timeout: 500, success_threshold: 2},
        liveness: {tcp: 3000, initial_delay: '1m'}})");
    REQUIRE(health.startup);
    CHECK(*health.startup ==
          Probe{.kind = Probe::Kind::Exec, .text = "test -e up", .interval = 2s, .failure_threshold = 30});
    CHECK(*health.readiness ==
          Probe{.text = "http://127.0.0.1:8080/ready", .timeout = 500ms, .success_threshold = 2});
    CHECK(*health.liveness == Probe{.kind = Probe::Kind::Tcp, .text = "3000", .initial_delay = 1min});
    CHECK(health_of("'/health'").readiness->text == "http://127.0.0.1:$PORT/health");
    CHECK(health_of("{http: '/health', port: '$ADMIN'}").readiness->text == "http://127.0.0.1:$ADMIN/health");
    CHECK(health_of("{exec: ['a', 1]}").readiness->argv == std::vector<std::string>{"a", "1"});
}

TEST_CASE("health: what is written is read again", "[unit][ecosystem][health]") {
    for (const char* text : {"'/health'", "{exec: ['a', 'b c']}",
                             "{startup: {exec: 'a $X'}, liveness: {tcp: ':3', interval: 200}}"}) {
        AppConfig config;
        config.script = "a";
        config.health = health_of(text);
        const auto again = parse_wire(dump_wire(config));
        REQUIRE(again);
        CHECK(again->health == config.health);
    }
}

TEST_CASE("health: what is wrong is told with its place, and the schema agrees",
          "[unit][ecosystem][health]") {
    const std::vector<std::pair<std::string, std::string>> kWrong{
        {"3", "health: expected an address, or an object of probes, found 3"},
        {"true", "health: expected an address, or an object of probes, found true"},
        {"{readyness: '/'}", "health.readyness: unknown probe 'readyness' (did you mean 'readiness'?)"},
        {"{liveness: 3}", "health.liveness: expected an address or an object, found 3"},
        {"{liveness: {}}", "health.liveness: expected one of http, tcp and exec"},
        {"{liveness: {interval: 1000}}", "health.liveness: expected one of http, tcp and exec"},
        {"{liveness: {grpc: 3}}", "health.liveness.grpc: unknown attribute 'grpc'"},
        {"{http: '/', intervall: 1000}",
         "health.intervall: unknown attribute 'intervall' (did you mean 'interval'?)"},
        {"{http: '/', interval: 0}",
         "health.interval: expected at least 100 milliseconds, or a duration such as 10s, found 0"},
        {"{http: '/', timeout: 0}",
         "health.timeout: expected at least 1 milliseconds, or a duration such as 10s, found 0"},
        {"{http: '/', timeout: 'soon'}",
         "health.timeout: expected at least 1 milliseconds, or a duration such as 10s, found \"soon\""},
        {"{http: '/', failure_threshold: 0}",
         "health.failure_threshold: expected a number of at least 1, found 0"},
        {"{tcp: true}", "health.tcp: expected a text or a port number, found true"},
        {"{exec: 3}", "health.exec: expected a command or a list of its words, found 3"},
    };
    for (const auto& [text, error] : kWrong) {
        INFO(text);
        CHECK(error_of(text) == error);
        CHECK_FALSE(is_in_schema(text));
    }
    // Beyond what the schema can say.
    const std::vector<std::pair<std::string, std::string>> kSubtle{
        {"{http: '/', tcp: 3}", "health: expected one of http, tcp and exec, found http and tcp"},
        {"{tcp: 70000}", "health.tcp: expected a port from 1 to 65535, found 70000 in \"70000\""},
        {"{tcp: 'localhost'}", "health.tcp: expected a port number, found \"localhost\" in \"localhost\""},
        {"{tcp: 3, port: 4}", "health.port: a port goes with http alone"},
        {"'http://127.0.0.1:99999/'",
         "health.http: expected a port from 1 to 65535, found 99999 in \"http://127.0.0.1:99999/\""},
        {"'http://db:80/'",
         "health.http: expected an IP address or localhost, found host \"db\" in \"http://db:80/\""},
        {"'https://127.0.0.1/'",
         "health.http: https is not supported, use http or tcp in \"https://127.0.0.1/\""},
        {"'up'", "health.http: expected http://HOST:PORT/PATH, unix:/SOCKET:/PATH or a path in \"up\""},
        {"{http: 'http://127.0.0.1:3/', port: 3}",
         "health.port: a port goes with a path alone, not with an address"},
        {"{http: '/', port: 'x'}", "health.port: expected a port number, found \"x\""},
        {"{http: '/a b'}",
         "health.http: expected a path without blanks and special characters, %20 stands for one in \"/a "
         "b\""},
        {"{exec: '  '}", "health.exec: expected a command or a list of its words, found \"  \""},
        {"{exec: []}", "health.exec: expected a command or a list of its words, found a list"},
        {"{liveness: {tcp: 3, success_threshold: 2}}",
         "health.liveness.success_threshold: expected 1: the first success counts"},
    };
    for (const auto& [text, error] : kSubtle) {
        INFO(text);
        CHECK(error_of(text) == error);
    }
    for (const char* text : {"'/health'", "false", "{}", "{startup: null}", "{tcp: 3, initialDelay: '2s'}",
                             "{liveness: {exec: ['a']}, readiness: '/x'}"}) {
        INFO(text);
        CHECK(error_of(text).empty());
        CHECK(is_in_schema(text));
    }
}

TEST_CASE("health: addresses of http probes", "[unit][ecosystem][health]") {
    using Hosts = std::vector<std::string>;
    const auto parse = [](std::string_view text) {
        auto address = parse_http_address(text);
        if (!address) FAIL(address.error().message);
        return *address;
    };
    CHECK(parse("http://127.0.0.1:3000/a?b=c#d") ==
          ProbeAddress{Hosts{"127.0.0.1"}, 3000, "", "127.0.0.1:3000", "/a?b=c"});
    CHECK(parse("http://localhost") == ProbeAddress{Hosts{"127.0.0.1", "::1"}, 80, "", "localhost", "/"});
    CHECK(parse("http://[::1]:81?x") == ProbeAddress{Hosts{"::1"}, 81, "", "[::1]:81", "/?x"});
    CHECK(parse("unix:/run/a.sock:/up") == ProbeAddress{{}, 0, "/run/a.sock", "localhost", "/up"});
    CHECK(parse("http://unix:/run/a.sock") == ProbeAddress{{}, 0, "/run/a.sock", "localhost", "/"});
    for (const char* wrong :
         {"", "http://", "http://:80/", "http://127.0.0.1:0/", "http://127.0.0.1:/", "http://::1/",
          "http://[::1/", "http://[::1]80/", "http://127.0.0.1/\r\nX: y", "unix:run/a.sock",
          "unix:", "unix:/a:b", "ftp://127.0.0.1/", "http://a@127.0.0.1/"}) {
        INFO(wrong);
        CHECK_FALSE(parse_http_address(wrong));
    }
    CHECK_FALSE(parse_http_address("unix:/" + std::string(200, 'a')));
    CHECK_FALSE(parse_http_address("http://127.0.0.1/" + std::string(3000, 'a')));
}

TEST_CASE("health: addresses of tcp probes", "[unit][ecosystem][health]") {
    using Hosts = std::vector<std::string>;
    for (const char* text : {"127.0.0.1:3", ":3", "3", "tcp://127.0.0.1:3"}) {
        INFO(text);
        const auto address = parse_tcp_address(text);
        REQUIRE(address);
        CHECK(*address == ProbeAddress{Hosts{"127.0.0.1"}, 3, "", "", "/"});
    }
    CHECK(parse_tcp_address("[::1]:3")->hosts == Hosts{"::1"});
    CHECK(parse_tcp_address("unix:/run/a")->socket == "/run/a");
    for (const char* wrong :
         {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "1.2.3.4.5:3", "::1", "a:3", "unix:a"}) {
        INFO(wrong);
        CHECK_FALSE(parse_tcp_address(wrong));
    }
}

TEST_CASE("health: variables are put into addresses", "[unit][ecosystem][health]") {
    const auto put = [](std::string_view text) {
        const auto result = substitute(text, value_of);
        return result ? *result : "! " + result.error().message;
    };
    CHECK(put("http://[$HOST]:${PORT}/") == "http://[::1]:3001/");
    CHECK(put("a$ $1 ${} ${PORT $") == "a$ $1 ${} ${PORT $");
    CHECK(put("$NONE") == "! variable NONE is not set");
    CHECK(has_variables("a$PORT"));
    CHECK_FALSE(has_variables("a$1"));
    for (const char* text : {"http://$HOST:$PORT/", "http://127.0.0.1:$PORT/x", "http://127.0.0.1:3${N}/",
                             "$URL", "unix:$DIR/a.sock:/", "http://$HOST/"}) {
        INFO(text);
        CHECK(check_http_address(text));
    }
    CHECK(check_tcp_address("$HOST:3"));
    CHECK(check_tcp_address("$PORT"));
    CHECK_FALSE(check_http_address("http://name:$PORT/"));
    CHECK_FALSE(check_http_address("http://127.0.0.1:x$PORT/"));
}
