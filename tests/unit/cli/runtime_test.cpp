#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>

#include "cli/healthcheck_view.h"
#include "cli/runtime/container_environment.h"
#include "cli/runtime/first_process.h"
#include "cli/runtime/runtime_line.h"

using namespace kpm;
using namespace kpm::cli;
using namespace std::chrono_literals;

namespace {

using Words = std::vector<std::string>;

RuntimeLine line_of(const Words& words) {
    auto read = read_runtime_line(words);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return std::move(*read);
}

std::string refusal_of(const Words& words) {
    const auto read = read_runtime_line(words);
    return read ? "" : read.error().message;
}

using Set = std::map<std::string, std::string>;

// Variables of this process for one test; others than these are not there.
class Variables {
public:
    explicit Variables(const Set& all) {
        clear();
        for (const auto& [name, value] : all) setenv(name.c_str(), value.c_str(), 1);
        share_container_variables();
    }
    ~Variables() { clear(); }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;

private:
    static void clear() {
        for (const char* name :
             {"USE_PM2", "KPM_MANAGED", "PM2_INSTANCES", "KPM_INSTANCES", "PORT", "KPM_PORT"})
            unsetenv(name);
    }
};

ProcessRow row(std::string status, Json& entry) {
    ProcessRow result;
    result.name = "web";
    result.status = std::move(status);
    result.entry = &entry;
    return result;
}

}  // namespace

TEST_CASE("runtime line: a script with and without `start`, options on either side", "[unit][cli][runtime]") {
    for (const Words& words : {Words{"app.js"}, Words{"start", "app.js"}, Words{"--raw", "app.js"},
                               Words{"start", "--raw", "app.js"},
                               Words{"app.js", "--grace", "9", "-i", "2", "--", "start", "-x"}}) {
        const RuntimeLine read = line_of(words);
        CHECK(read.line.words == Words{"app.js"});
        CHECK(read.console == "raw");
        CHECK(read.grace == 9s);
        CHECK(read.auto_exit);
    }
    for (const char* option : {"--json", "--raw", "--format", "--no-auto-exit"})
        CHECK(line_of({option, "start", "ecosystem.config.js"}).line.words == Words{"ecosystem.config.js"});
    CHECK(line_of({"app.js", "--", "start", "-x"}).line.app_args == Words{"start", "-x"});
    CHECK(declared_attributes(line_of({"-i", "-1", "app.js", "--no-autorestart"}).line) ==
          Json{{"instances", "-1"}, {"autorestart", false}});
}

TEST_CASE("runtime line: what concerns the container", "[unit][cli][runtime]") {
    CHECK(line_of({"a.js", "--json"}).console == "json");
    CHECK(line_of({"--formatted", "a.js"}).console == "formatted");
    CHECK(line_of({"a.js", "--format"}).console == "format");
    CHECK_FALSE(line_of({"a.js", "--no-auto-exit"}).auto_exit);
    CHECK(line_of({"a.js", "--delay", "3"}).delay == 3s);
    CHECK(line_of({"a.js", "--delay=500ms"}).delay == 500ms);
    CHECK(line_of({"--grace", "20", "a.js", "--grace", "2m"}).grace == 2min);
    CHECK(line_of({"a.js", "--env", "production"}).line.value("env") == "production");
    CHECK(line_of({}).line.words.empty());
}

TEST_CASE("runtime line: what is wrong is named", "[unit][cli][runtime]") {
    CHECK(refusal_of({"a.js", "--formated"}) == "unknown option `--formated', did you mean --formatted?");
    CHECK(refusal_of({"a.js", "--grace"}).find("argument missing") != std::string::npos);
    CHECK(refusal_of({"a.js", "--grace", "soon"}).find("option `--grace': ") == 0);
}

TEST_CASE("runtime line: the names under which kpm is it", "[unit][cli][runtime]") {
    CHECK(is_runtime_name("/usr/bin/pm2-runtime"));
    CHECK(is_runtime_name("kpm-runtime"));
    CHECK(is_runtime_name("pm2-docker"));
    CHECK_FALSE(is_runtime_name("kpm"));
    CHECK_FALSE(is_runtime_name("/kpm-runtime/kpm"));
}

TEST_CASE("container: the exit code of the end of the last app", "[unit][cli][runtime]") {
    CHECK(container_exit_code({{"exit_code", 3}, {"exit_signal", 0}, {"failure", ""}}) == 3);
    CHECK(container_exit_code({{"exit_code", nullptr}, {"exit_signal", 9}, {"failure", ""}}) == 137);
    CHECK(container_exit_code({{"exit_code", nullptr}, {"exit_signal", 0}, {"failure", "why"}}) == 1);
    CHECK(container_exit_code(Json()) == 0);
}

TEST_CASE("container: each variable is there under both of its names", "[unit][cli][runtime]") {
    const Variables variables(Set{{"PM2_INSTANCES", "max"}, {"KPM_PORT", "3456"}, {"KPM_MANAGED", "no"}});
    CHECK(std::getenv("KPM_INSTANCES") == std::string("max"));
    CHECK(std::getenv("PORT") == std::string("3456"));
    CHECK_FALSE(wants_supervisor());
}

// An image may set PM2's names, as ours does.
TEST_CASE("container: where both names are set, kpm's counts", "[unit][cli][runtime]") {
    const Variables variables(Set{{"USE_PM2", "true"},
                                  {"KPM_MANAGED", "false"},
                                  {"PM2_INSTANCES", "1"},
                                  {"KPM_INSTANCES", "4"},
                                  {"PORT", "3000"},
                                  {"KPM_PORT", "8080"}});
    CHECK_FALSE(wants_supervisor());
    CHECK(std::getenv("PM2_INSTANCES") == std::string("4"));
    CHECK(std::getenv("PORT") == std::string("8080"));
}

TEST_CASE("container: what Kubernetes says of a Service called kpm is no port", "[unit][cli][runtime]") {
    {
        const Variables variables(Set{{"PORT", "3000"}, {"KPM_PORT", "tcp://10.0.0.1:80"}});
        CHECK(std::getenv("PORT") == std::string("3000"));
        CHECK(std::getenv("KPM_PORT") == std::string("3000"));
    }
    const Variables variables(Set{{"KPM_PORT", "tcp://10.0.0.1:80"}});
    CHECK(std::getenv("PORT") == nullptr);
}

TEST_CASE("container: without USE_PM2, and with anything but a no, there is a supervisor",
          "[unit][cli][runtime]") {
    {
        const Variables variables(Set{});
        CHECK(wants_supervisor());
    }
    for (const char* yes : {"true", "1", "yes", ""}) {
        const Variables variables(Set{{"USE_PM2", yes}});
        CHECK(wants_supervisor());
    }
    for (const char* no : {"false", "False", "0", "off"}) {
        const Variables variables(Set{{"USE_PM2", no}});
        CHECK_FALSE(wants_supervisor());
    }
}

TEST_CASE("container: instances for an app that does not say how many", "[unit][cli][runtime]") {
    const auto with = [](const char* text, const Json& declared, bool is_only) {
        const Variables variables(Set{{"PM2_INSTANCES", text}});
        auto app = ecosystem::parse_app(declared);
        REQUIRE(app);
        if (const auto applied = apply_instances(*app, is_only); !applied) return std::string("refused");
        return app->config.instances ? std::to_string(*app->config.instances) : std::string("none");
    };
    CHECK(with("4", {{"script", "a.js"}}, true) == "4");
    CHECK(with("max", {{"script", "a.js"}}, true) == "0");
    CHECK(with("-1", {{"script", "a.js"}}, true) == "-1");
    CHECK(with("4", {{"script", "a.js"}, {"instances", 2}}, true) == "2");
    CHECK(with("4", {{"script", "a.js"}}, false) == "none");
    CHECK(with("4", {{"script", "a.js"}, {"exec_mode", "cluster"}}, false) == "4");
    CHECK(with("", {{"script", "a.js"}}, true) == "none");
    CHECK(with("many", {{"script", "a.js"}}, true) == "refused");
}

TEST_CASE("healthcheck: what ought to be up and is not", "[unit][cli][runtime]") {
    Json plain{{"pm2_env", Json::object()}};
    const auto problem = [](const ProcessRow& one) {
        const auto findings = health_of(std::span(&one, 1));
        return findings.empty() ? std::string("nothing asked") : findings.front().problem;
    };
    CHECK(problem(row("online", plain)).empty());
    CHECK(problem(row("launching", plain)) == "not ready");
    CHECK(problem(row("waiting restart", plain)) == "waiting restart");
    CHECK(problem(row("stopped", plain)) == "stopped");
    Json failed{{"pm2_env", {{"failure", "cannot execute"}}}};
    CHECK(problem(row("errored", failed)) == "errored: cannot execute");
    Json done{{"pm2_env", {{"autorestart", false}, {"exit_code", 0}}}};
    CHECK(problem(row("stopped", done)) == "nothing asked");
    Json broken{{"pm2_env", {{"autorestart", false}, {"exit_code", 3}}}};
    CHECK(problem(row("stopped", broken)) == "stopped");
    Json killed{{"pm2_env", {{"autorestart", false}, {"exit_code", 0}, {"exit_signal", 9}}}};
    CHECK(problem(row("stopped", killed)) == "stopped");
    Json waiting{{"pm2_env", {{"autostart", false}}}};
    CHECK(problem(row("stopped", waiting)) == "nothing asked");
}
