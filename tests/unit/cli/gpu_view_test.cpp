#include "cli/gpu_view.h"

#include <catch2/catch.hpp>

#include "cli/describe_view.h"
#include "cli/facts.h"
#include "cli/list_view.h"

namespace kpm::cli {
namespace {

constexpr const char* kUuid = "GPU-5e2bd8c5-0f3a-4b1c-9d7e-001122334455";

Json entry(int id, Json gpu_state) {
    Json env{{"status", "online"}, {"exec_mode", "fork_mode"}, {"pm_uptime", 1}};
    if (!gpu_state.is_null()) env["gpu_state"] = std::move(gpu_state);
    return {{"pid", 7}, {"name", "render"}, {"pm_id", id}, {"pm2_env", std::move(env)}};
}

Json with_usage(Json row, Json percent, Json memory) {
    row["monit"] = {{"cpu", 1}, {"memory", 2}, {"gpu", {{"percent", percent}, {"memory", memory}}}};
    return row;
}

Json on_a_gpu() {
    return {{"kind", "gpu"}, {"pci", "0000:41:00.0"}, {"uuid", kUuid}, {"name", "NVIDIA A40"}};
}

std::string list_of(const Json& entries, int width = 300) {
    return list_text(read_rows(entries), Json::object(),
                     {{.is_tty = false, .colour = false, .width = width}, "id", 1000});
}

std::string gpu_of(Json state) {
    const Json entries = Json::array({entry(0, std::move(state))});
    return gpu_text(read_rows(entries).front());
}

}  // namespace

TEST_CASE("gpu view: a process's GPU fits into a column", "[unit][cli][gpu]") {
    CHECK(gpu_of(on_a_gpu()) == "41:00.0");
    CHECK(gpu_of({{"kind", "gpu"}, {"pci", "10000:41:00.0"}}) == "10000:41:00.0");
    CHECK(gpu_of({{"kind", "software"}}) == "sw");
    CHECK(gpu_of({{"kind", "cpu"}}) == "cpu");
    CHECK(gpu_of(nullptr).empty());
    CHECK(gpu_of("odd").empty());
    CHECK(gpu_of({{"kind", "gpu"}}).empty());
}

TEST_CASE("gpu view: the list has the column only when an app has a place", "[unit][cli][gpu]") {
    CHECK(list_of(Json::array({entry(0, nullptr), entry(1, nullptr)})).find("gpu") == std::string::npos);
    const Json entries = Json::array({entry(0, nullptr), entry(1, on_a_gpu())});
    for (const int width : {300, 110}) {  // the whole table, and the condensed one
        const std::string text = list_of(entries, width);
        INFO(text);
        CHECK(text.find("│ gpu ") != std::string::npos);
        CHECK(text.find("│ 41:00.0 ") != std::string::npos);
        CHECK(text.find("│ - ") != std::string::npos);
    }
}

TEST_CASE("gpu view: what a process uses of its GPU, or that nobody knows", "[unit][cli][gpu]") {
    const Json entries = Json::array(
        {with_usage(entry(0, on_a_gpu()), 12.5, 3 << 20), with_usage(entry(1, on_a_gpu()), nullptr, nullptr),
         with_usage(entry(2, on_a_gpu()), 0, 0), entry(3, on_a_gpu()), entry(4, {{"kind", "cpu"}}),
         with_usage(entry(5, on_a_gpu()), "x", {})});
    const auto rows = read_rows(entries);
    const auto usage = [&](std::size_t i) {
        return gpu_percent_text(rows[i]) + " " + gpu_memory_text(rows[i]);
    };
    CHECK(usage(0) == "12.5% 3.0mb");
    CHECK(usage(1) == "N/A N/A");
    CHECK(usage(2) == "0% 0b");
    CHECK(usage(3) == "N/A N/A");
    CHECK(usage(4) == "- -");
    CHECK(usage(5) == "N/A N/A");
    CHECK(list_facts(rows[0], 1000)["gpu_percent"] == 12.5);
    CHECK(list_facts(rows[0], 1000)["gpu_memory_bytes"] == 3 << 20);
    CHECK(list_facts(rows[1], 1000)["gpu_percent"].is_null());
    CHECK(list_facts(rows[1], 1000)["gpu_memory_bytes"].is_null());
}

TEST_CASE("gpu view: the list says what a GPU is used for where one is and has room", "[unit][cli][gpu]") {
    const Json entries =
        Json::array({entry(0, {{"kind", "cpu"}}), with_usage(entry(1, on_a_gpu()), 12.5, 3 << 20)});
    for (const int width : {300, 130}) {  // the whole table, and the condensed one
        const std::string text = list_of(entries, width);
        INFO(text);
        CHECK(text.find("│ gpu%   │ vram     │") != std::string::npos);
        CHECK(text.find("│ 12.5%  │ 3.0mb    │") != std::string::npos);
        CHECK(text.find("│ -      │ -        │") != std::string::npos);
    }
    for (const int width : {160, 60}) {
        const std::string text = list_of(entries, width);
        INFO(text);
        CHECK(text.find("│ 41:00.0 ") != std::string::npos);
        CHECK(text.find("gpu%") == std::string::npos);
    }
    CHECK(list_of(entries, 160).find("namespace") != std::string::npos);
    const Json none = Json::array({entry(0, {{"kind", "cpu"}}), entry(1, {{"kind", "software"}})});
    CHECK(list_of(none).find("gpu ") != std::string::npos);
    CHECK(list_of(none).find("gpu%") == std::string::npos);
}

TEST_CASE("gpu view: describe and the facts tell all of it, or nothing", "[unit][cli][gpu]") {
    Json with_others = on_a_gpu();
    with_others["also_uses"] = {"0000:00:02.0", "0000:c1:00.0"};
    const Json entries = Json::array(
        {entry(0, nullptr), entry(1, on_a_gpu()), entry(2, {{"kind", "cpu"}}), entry(3, with_others)});
    const auto rows = read_rows(entries);
    const auto described = [&](std::size_t i) {
        return describe_text(rows[i], {}, Values::Hidden, Json(), {}, 1000, Terminal{});
    };
    CHECK(described(0).find("│ gpu ") == std::string::npos);
    CHECK(described(1).find(std::string("0000:41:00.0, NVIDIA A40, ") + kUuid) != std::string::npos);
    CHECK(described(1).find("│ gpu usage ") != std::string::npos);
    CHECK(described(1).find("│ gpu memory ") != std::string::npos);
    CHECK(described(1).find("gpu note") == std::string::npos);
    CHECK(described(3).find("uses GPU 0000:00:02.0 0000:c1:00.0, was assigned 0000:41:00.0") !=
          std::string::npos);
    CHECK(described(2).find("│ gpu ") != std::string::npos);
    CHECK(described(2).find("│ gpu usage ") == std::string::npos);
    CHECK(list_facts(rows[0], 1000)["gpu"].is_null());
    CHECK(list_facts(rows[1], 1000)["gpu"] == on_a_gpu());
}

TEST_CASE("gpu view: the machine's GPUs are a table", "[unit][cli][gpu]") {
    const Json gpus =
        Json::array({{{"pci", "0000:41:00.0"},
                      {"uuid", kUuid},
                      {"render_node", "/dev/dri/renderD128"},
                      {"vendor", "nvidia"},
                      {"driver", "nvidia"},
                      {"name", "NVIDIA A40"},
                      {"health", "healthy"},
                      {"workers",
                       {{{"pm_id", 0},
                         {"name", "render"},
                         {"status", "online"},
                         {"gpu_percent", 12.5},
                         {"memory_bytes", 2048}},
                        {{"pm_id", 3}, {"name", "render"}, {"status", "stopped"}}}}},
                     {{"pci", "0000:c1:00.0"}, {"render_node", nullptr}, {"health", "unhealthy"}},
                     "odd"});
    const std::string text = gpus_text(gpus, Paint(false));
    INFO(text);
    CHECK(text.find("│ 0000:41:00.0 │ NVIDIA A40 │ nvidia │ /dev/dri/renderD128 │ healthy   │ render (0) "
                    "12.5% 2.0kb, render (3) "
                    "stopped │\n") != std::string::npos);
    CHECK(text.find("│ 0000:c1:00.0 │ N/A        │ N/A    │ N/A                 │ unhealthy │ ") !=
          std::string::npos);
    CHECK(text.find("odd") == std::string::npos);
    CHECK(gpus_text(Json::array(), Paint(false)) == "no GPU found\n");
    CHECK(gpus_text(Json(), Paint(false)) == "no GPU found\n");
}

TEST_CASE("gpu view: figures have columns when a driver tells them", "[unit][cli][gpu]") {
    Json first{{"pci", "0000:41:00.0"},
               {"percent", 35},
               {"memory_total_bytes", 8192},
               {"memory_used_bytes", 1024},
               {"temperature_celsius", 45},
               {"power_watts", 120.5},
               {"mig", true}};
    Json second{{"pci", "0000:c1:00.0"}, {"percent", nullptr}, {"memory_used_bytes", 1}, {"mig", false}};
    std::string text = gpus_text(Json::array({first, second}), Paint(false));
    INFO(text);
    CHECK(text.find("│ use │ memory      │ temp │ power   │ mig │ workers │\n") != std::string::npos);
    CHECK(text.find("│ 35% │ 1.0kb/8.0kb │ 45 C │ 120.5 W │ on  │         │\n") != std::string::npos);
    CHECK(text.find("│ -   │ -           │ -    │ -       │ -   │         │\n") != std::string::npos);
    text = gpus_text(Json::array({second}), Paint(false));
    for (const char* title : {"use", "memory", "temp", "power", "mig"})
        CHECK(text.find(title) == std::string::npos);
}

TEST_CASE("gpu view: nothing in it steers the terminal", "[unit][cli][gpu]") {
    const Json gpus = Json::array({{{"pci", "\x1b[31m"}, {"name", "\x07"}, {"health", "\x1b]0;x"}}});
    CHECK(gpus_text(gpus, Paint(false)).find('\x1b') == std::string::npos);
}

}  // namespace kpm::cli
