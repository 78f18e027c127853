#include "daemon/core/launch_environment.h"

#include <catch2/catch.hpp>
#include <map>

#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

using Variables = std::map<std::string, std::string>;

Variables split_lines(const std::vector<std::string>& lines) {
    Variables variables;
    for (const std::string& line : lines) {
        const std::size_t end = line.find('=');
        REQUIRE(end != std::string::npos);
        CHECK(variables.emplace(line.substr(0, end), line.substr(end + 1)).second);  // none twice
    }
    return variables;
}

// The tree that clients see, as an environment: the rule that launch_environment() follows without it.
Variables scalars_of(const Slot& slot) {
    Variables variables;
    const Json shown = pm2_env(slot, Environment::LeftOut);
    for (const auto& [name, value] : shown.items()) {
        if (value.is_string())
            variables[name] = value.get<std::string>();
        else if (value.is_number() || value.is_boolean())
            variables[name] = value.dump();
    }
    return variables;
}

}  // namespace

TEST_CASE("launch environment: is every text, number and flag of pm2_env, under the app's own variables",
          "[unit][launch]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    SECTION("of a plain app") {}
    SECTION("with values of every kind") {
        config.args = {"a", "b c"};
        config.stop_exit_codes = {0, 3};
        config.watch = std::vector<std::string>{"src"};
        config.filter_env = true;
        config.log_file = std::string("/tmp/all.log");
        config.max_memory_restart = ecosystem::Bytes{1 << 20};
        config.kill_timeout = ecosystem::Duration{3000};
        config.port = 3000;
        config.exec_mode = ecosystem::ExecMode::Cluster;
        config.balance = ecosystem::Balance::Sticky;
        config.depends_on = {{"db", ecosystem::Condition::Ready}};
        config.health.liveness = ecosystem::Probe{.text = ":80/live"};
        config.env_file = {".env"};
        config.env_blocks = {{"production", {{"A", "1"}}}, {"file", {{"B", "2"}}}};
        config.out_file = "/logs/out.log";
        config.merge_logs = false;
    }
    SECTION("with members of a client's own, also in the place of attributes and of the state") {
        config.extra = {{"version", "3"},     {"ratio", 0.5},    {"list", {1, 2}},
                        {"nothing", nullptr}, {"status", "odd"}, {"pm_cwd", "/odd"}};
    }
    SECTION("with variables by the names of attributes and of the state") {
        config.env = {{"name", "x"}, {"status", "x"}, {"pm_id", "x"}, {"EMPTY", ""}, {"version", "x"}};
    }
    bench.add(config);
    const Slot& slot = *bench.supervisor.find(0);
    Settings settings;
    settings.home = "/home/of/kpm";
    const Variables found = split_lines(launch_environment(slot, settings));

    Variables expected = scalars_of(slot);
    for (const auto& [name, value] : config.env) expected[name] = value;
    expected["unique_id"] = slot.unique_id;
    expected[config.instance_var] = "0";
    expected["KPM_HOME"] = expected["PM2_HOME"] = settings.home;
    expected["PMX_FORCE_UPDATE"] = "true";  // the app is one of Node
    for (const auto& [name, value] : expected) {
        INFO(name);
        REQUIRE(found.contains(name));
        CHECK(found.at(name) == value);
    }
    CHECK(found.size() == expected.size());
}

TEST_CASE("launch environment: another supervisor's sockets and watchdog are not passed on",
          "[unit][launch]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.env = {{"NOTIFY_SOCKET", "/run/other"}, {"WATCHDOG_USEC", "1"}, {"WATCHDOG_PID", "1"}};
    config.watchdog = ecosystem::Duration{2000};
    bench.add(config);
    Settings settings;
    const auto without = split_lines(launch_environment(*bench.supervisor.find(0), settings));
    CHECK_FALSE(without.contains("NOTIFY_SOCKET"));
    CHECK_FALSE(without.contains("WATCHDOG_USEC"));
    settings.notify_socket = "/home/notify.sock";
    auto with = split_lines(launch_environment(*bench.supervisor.find(0), settings));
    CHECK(with["NOTIFY_SOCKET"] == "/home/notify.sock");
    CHECK(with["WATCHDOG_USEC"] == "2000000");
    CHECK(with.at("WATCHDOG_PID").empty());
}
