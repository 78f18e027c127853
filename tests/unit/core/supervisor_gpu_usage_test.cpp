// What the supervisor tells of GPUs and of what workers use of them.
#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/commands/command.h"
#include "daemon/commands/inspect_commands.h"
#include "daemon/core/rows.h"
#include "tests/unit/core/gpu_bench.h"

namespace kpm::core::supervisor_gpu_test {

namespace {

Json list_of(GpuBench& bench) {
    Json rows;
    bench.run([&] {
        monitor_data(bench.supervisor, Json::array(),
                     [&](const std::string& text) { rows = Json::parse(text); });
    });
    return rows;
}

}  // namespace

TEST_CASE("supervisor gpu: kpm.gpus lists GPUs, health and workers", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"), 3);
    bench.add_online(bench.app("none"));
    bench.host.gpu_used = {12.5, 4096};
    const auto worker = [](int pm_id) {
        return Json{{"pm_id", pm_id},
                    {"name", "render"},
                    {"status", "online"},
                    {"gpu_percent", 12.5},
                    {"memory_bytes", 4096}};
    };
    bench.host.machine_gpus.devices[0].readings = {.memory_total = 9000,
                                                   .memory_used = 8192,
                                                   .percent = 40,
                                                   .temperature = 45,
                                                   .power = 120.5,
                                                   .mig = false};
    std::optional<Json> told;
    bench.run([&] {
        find_command("kpm.gpus")->run(bench.supervisor, Json::array(), [&](Result<Json> result) {
            told = *result;
        });
    });
    REQUIRE_FALSE(told);  // the figures are on their way
    bench.host.gpu_refresh_done();
    bench.supervisor.drain();
    REQUIRE(told);
    const Json& answer = *told;
    REQUIRE(answer.size() == 2);
    CHECK(answer[0] == Json{{"pci", kFirst},
                            {"uuid", nullptr},
                            {"render_node", nullptr},
                            {"vendor", "nvidia"},
                            {"driver", "nvidia"},
                            {"name", "NVIDIA A40"},
                            {"health", "healthy"},
                            {"percent", 40},
                            {"memory_total_bytes", 9000},
                            {"memory_used_bytes", 8192},
                            {"temperature_celsius", 45},
                            {"power_watts", 120.5},
                            {"mig", false},
                            {"workers", {worker(0), worker(2)}}});
    CHECK(answer[1]["workers"].size() == 1);
    CHECK(answer[1]["percent"].is_null());
}

TEST_CASE("supervisor gpu: nobody asks for figures while no worker uses a GPU", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("none"));
    bench.add_online(bench.app("auto"));
    bench.run([&] { bench.supervisor.stop(1, bench.done()); });
    bench.exit(1, 0);
    bench.happen(bench.key(1), TreeGone{});
    bench.host.take();
    Json answer;
    bench.run([&] {
        find_command("kpm.gpus")->run(bench.supervisor, Json::array(), [&](Result<Json> result) {
            answer = *result;
        });
    });
    CHECK(answer.size() == 2);
    CHECK(bench.host.take() == Lines{"gpus"});
}

TEST_CASE("supervisor gpu: rows tell what those use that have a place on a GPU", "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"));
    bench.add_online(bench.app("none"));
    bench.add_online(forked());
    bench.add(bench.app("auto"));  // not online yet
    bench.host.gpu_used = {12.5, std::nullopt};
    bench.host.take();
    const Json rows = list_of(bench);
    REQUIRE(rows.size() == 4);
    CHECK(rows[0]["monit"]["gpu"] == Json{{"percent", 12.5}, {"memory", nullptr}});
    for (std::size_t i : {1, 2, 3}) CHECK_FALSE(rows[i]["monit"].contains("gpu"));
    CHECK(std::ranges::count(bench.host.take(), "gpu-usage 0000:41:00.0") == 1);
}

TEST_CASE("supervisor gpu: a worker that uses too much of its GPU's memory is restarted",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("41:00.0");
    config.max_gpu_memory = ecosystem::Bytes{1000};
    bench.add_online(config);
    bench.host.take();
    bench.host.gpu_used.memory = 1000;
    bench.pass(30s);
    CHECK(bench.host.take() == Lines{"gpu-usage 0000:41:00.0"});
    bench.host.gpu_used.memory.reset();  // a driver that does not tell
    bench.pass(30s);
    CHECK(bench.state() == State::Online);
    bench.host.gpu_used.memory = 1001;
    bench.pass(30s);
    CHECK(bench.state() == State::Stopping);
    CHECK(
        std::ranges::count(bench.host.logged,
                           "App [render:0] is restarted because it uses 1001 bytes of GPU 0000:41:00.0, more "
                           "than its max_gpu_memory of 1000") == 1);
}

TEST_CASE("supervisor gpu: a worker that has other GPUs open is told of, once for each process",
          "[unit][supervisor][gpu]") {
    GpuBench bench;
    bench.add_online(bench.app("41:00.0"));
    const auto warnings = [&](const std::string& others) {
        return std::ranges::count(bench.host.logged,
                                  "App [render:0] uses GPU " + others + ", was assigned 0000:41:00.0");
    };
    const auto told = [&] {
        return pm2_env(*bench.supervisor.find(0))["gpu_state"].value("also_uses", Json());
    };
    bench.pass(30s);
    CHECK(told().is_null());
    bench.host.gpu_used.others = {kSecond};
    bench.pass(29s);
    CHECK(warnings(kSecond) == 0);
    bench.pass(1s);
    CHECK(warnings(kSecond) == 1);
    CHECK(told() == Json{kSecond});
    bench.host.gpu_used.others = {"0000:00:02.0", kSecond};
    bench.pass(60s);
    bench.host.gpu_used.others.clear();  // it has closed them: what was seen stays seen
    bench.pass(60s);
    CHECK(warnings(kSecond) == 1);
    CHECK(told() == Json{"0000:00:02.0", kSecond});
    CHECK(bench.state() == State::Online);

    bench.exit(0, 1);
    bench.come_online();
    CHECK(told().is_null());
    bench.host.gpu_used.others = {"0000:00:02.0", kSecond};
    list_of(bench);  // any look tells
    CHECK(warnings("0000:00:02.0, " + kSecond) == 1);
}

TEST_CASE("supervisor gpu: memory of a GPU is not asked for where none is used", "[unit][supervisor][gpu]") {
    GpuBench bench;
    ecosystem::AppConfig config = bench.app("none");
    config.max_gpu_memory = ecosystem::Bytes{1000};
    bench.add_online(config);
    bench.host.take();
    bench.pass(30s);
    CHECK(bench.host.take().empty());
    CHECK(bench.state() == State::Online);
}

TEST_CASE("supervisor gpu: a row's text has the place, a dump has not", "[unit][supervisor][gpu][rows]") {
    GpuBench bench;
    bench.add_online(bench.app("auto"));
    std::string text;
    RowTexts texts;
    texts.append(text, *bench.supervisor.find(0), {});
    CHECK(Json::parse(text)["pm2_env"]["gpu_state"]["pci"] == kFirst);
    CHECK(Json::parse(text)["pm2_env"]["gpu"] == "auto");
    CHECK_FALSE(dump_entry(*bench.supervisor.find(0)).contains("gpu_state"));
}

}  // namespace kpm::core::supervisor_gpu_test
