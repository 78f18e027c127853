#include "daemon/core/row_text.h"

#include <catch2/catch.hpp>

#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

// The same members with the same values; their order is not compared.
void check_row(RowTexts& texts, const Slot& slot, const Usage& usage = {},
               Environment environment = Environment::Shown) {
    std::string text;
    texts.append(text, slot, usage, environment);
    INFO(text);
    int keys = 0;
    const Json parsed = Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) {
        keys += depth == 2 && event == Json::parse_event_t::key;
        return true;
    });
    const Json tree = row_with_usage(slot, usage, environment);
    const std::string whole = tree.dump(-1, ' ', false, Json::error_handler_t::replace);
    CHECK(nlohmann::json::parse(parsed.dump()) == nlohmann::json::parse(whole));
    const std::size_t connections = tree.value("connections", Json::object()).size();
    CHECK(keys ==
          static_cast<int>(tree["pm2_env"].size() + tree["monit"].size() + connections));  // none twice
}

}  // namespace

TEST_CASE("row text: is what the tree of the row is", "[unit][rows]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    SECTION("without variables") {}
    SECTION("with some") {
        config.env = {{"PATH", "/bin"}, {"EMPTY", ""}};
    }
    SECTION("whose names are attributes or members of the row") {
        config.env = {{"name", "x"},  {"status", "x"}, {"env", "x"},
                      {"pm_id", "x"}, {"args", "x"},   {"env_x", "x"}};
    }
    SECTION("with what JSON escapes, and what is no UTF-8") {
        config.env = {{"A", "quote \" back \\ tab \t"},
                      {"B", "\x1b[31m\x7f"},
                      {"C", "\xff\xc3"},
                      {"\"D\"", "ü"},
                      {"unique_id", "x"},
                      {"web", "{}"}};
    }
    SECTION("beside members that a client has sent") {
        config.env = {{"version", "2"}};
        config.extra = {{"version", "3"}, {"pmx_module", true}, {"status", "odd"}};
    }
    SECTION("with values of every kind that differ from the defaults") {
        config.args = {"a", "b \"c\""};
        config.stop_exit_codes = {0, 3};
        config.watch = std::vector<std::string>{"src"};
        config.filter_env = true;
        config.log_file = std::string("/tmp/all.log");
        config.max_memory_restart = ecosystem::Bytes{1 << 20};
        config.kill_timeout = ecosystem::Duration{3000};
        config.ignore_watch = std::vector<std::string>{};
        config.port = 3000;
        config.balance = ecosystem::Balance::Sticky;
        config.depends_on = {{"db", ecosystem::Condition::Ready}};
        config.health.liveness = ecosystem::Probe{.text = ":80/live"};
        config.merge_logs = false;
        config.out_file = "/logs/out.log";
    }
    SECTION("with blocks of variables, one of which has the name of another row") {
        config.env_file = {".env"};
        config.env_blocks = {{"production", {{"A", "1"}}}, {"file", {{"B", "2"}}}};
        config.env = {{"env_production", "x"}};
    }
    SECTION("with a version of the client's alone") {
        config.extra = {{"version", "3"}};
    }
    SECTION("with a variable and a member of the client's by one name") {
        config.env = {{"both", "1"}};
        config.extra = {{"both", {{"an", "object"}}}, {"env_", 1}};
        config.env_blocks = {{"production", {{"A", "1"}}}};
    }
    SECTION("with an instance variable by the name of an attribute") {
        config.instance_var = "port";
        config.port = 3000;
    }
    SECTION("with an instance variable by the name of a member of the row") {
        config.instance_var = "km_link";
    }
    SECTION("with the names of members that are not always there") {
        config.env = {{"failure", "x"}, {"exit_code", "y"}};
        config.extra = {{"exit_signal", "z"}};
    }
    bench.add(config);
    RowTexts texts;
    const auto check = [&](const Usage& usage = {}) {
        const Slot& slot = *bench.supervisor.find(0);
        check_row(texts, slot, usage);
        check_row(texts, slot, usage);  // from what is remembered
        check_row(texts, slot, usage, Environment::LeftOut);
    };
    check();
    bench.happen(Spawned{10});
    check({4096, 12.5});
    bench.happen(Exited{3, 0});
    check();
    config.env.push_back({"NEW", "1"});
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    check();
}

TEST_CASE("row text: what is remembered is bounded", "[unit][rows]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    RowTexts texts;
    std::string text;
    SECTION("in rows") {
        for (std::size_t i = 0; i <= RowTexts::kMostRows; ++i) bench.add(config);
        for (const auto& [id, slot] : bench.supervisor.slots()) texts.append(text, slot, {});
        CHECK(texts.remembered() == RowTexts::kMostRows);
        texts.prepare(RowTexts::kMostRows + 1);
        CHECK(texts.remembered() == 0);
        texts.append(text, *bench.supervisor.find(0), {});
        CHECK(texts.remembered() == 0);
    }
    SECTION("in bytes") {
        config.env = {{"LONG", std::string(RowTexts::kMostBytes, 'x')}};
        bench.add(config);
        texts.append(text, *bench.supervisor.find(0), {});
        CHECK(texts.remembered() == 0);
    }
    SECTION("to slots that are there") {
        bench.add(config);
        bench.add(config);
        for (const auto& [id, slot] : bench.supervisor.slots()) texts.append(text, slot, {});
        CHECK(texts.remembered() == 2);
        texts.forget(0);
        CHECK(texts.remembered() == 1);
    }
}

TEST_CASE("row text: what is known of its GPU is beside memory and CPU", "[unit][rows]") {
    Bench bench;
    bench.add(forked());
    const Slot& slot = *bench.supervisor.find(0);
    RowTexts texts;
    for (const GpuUsage& gpu : {GpuUsage{}, GpuUsage{.percent = 12.5, .memory = 1 << 20}}) {
        const Usage usage{.memory = 5, .cpu = 1, .gpu = gpu};
        check_row(texts, slot, usage);
        const Json monit = row_with_usage(slot, usage)["monit"];
        CHECK(monit["gpu"]["percent"] == (gpu.percent ? Json(12.5) : Json()));
        CHECK(monit["gpu"]["memory"] == (gpu.memory ? Json(1 << 20) : Json()));
    }
    CHECK_FALSE(row_with_usage(slot, {})["monit"].contains("gpu"));
}

TEST_CASE("row text: the connections of a worker are beside memory and CPU", "[unit][rows]") {
    Bench bench;
    bench.add(clustered());
    const Slot& slot = *bench.supervisor.find(0);
    RowTexts texts;
    const Usage usage{.memory = 5,
                      .cpu = 1,
                      .connections = Connections{
                          .handed = 5, .accepted = 4, .active = 3, .rescued = 2, .refused = UINT64_MAX}};
    for (int i = 0; i < 2; ++i) check_row(texts, slot, usage);
    const Json row = row_with_usage(slot, usage);
    CHECK(row["connections"].dump() ==
          R"({"handed":5,"accepted":4,"active":3,"rescued":2,"refused":18446744073709551615})");
    CHECK(row["monit"].dump() == R"({"memory":5,"cpu":1.0})");
    check_row(texts, slot);
    CHECK_FALSE(row_with_usage(slot, {}).contains("connections"));
}
