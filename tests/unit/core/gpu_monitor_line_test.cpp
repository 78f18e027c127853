#include "daemon/core/gpu_monitor_line.h"

#include <catch2/catch.hpp>

namespace kpm::core {
namespace {

GpuFiguresByPci figures_of(const std::string& line) {
    auto figures = parse_gpu_monitor_line(line);
    REQUIRE(figures);
    return *std::move(figures);
}

}  // namespace

TEST_CASE("gpu monitor line: figures by the GPU's address", "[unit][gpu]") {
    const auto figures = figures_of(
        R"({"gpus":[{"pci":"00000000:C1:00.0","uuid":"GPU-1","memory_total":1000,"memory_used":400,"percent":12,)"
        R"("temperature":45,"power_mw":120500,"mig":true,"processes":[{"pid":7,"memory":300,"percent":9},)"
        R"({"pid":8,"memory":null,"percent":null}]},{"pci":"00000000:C2:00.0"}]})");
    CHECK(figures == GpuFiguresByPci{{"0000:c1:00.0",
                                      {.readings = {.memory_total = 1000,
                                                    .memory_used = 400,
                                                    .percent = 12,
                                                    .temperature = 45,
                                                    .power = 120.5,
                                                    .mig = true},
                                       .processes = {{7, {9, 300}}, {8, {}}}}},
                                     {"0000:c2:00.0", {}}});
}

TEST_CASE("gpu monitor line: what cannot be is left out", "[unit][gpu]") {
    const auto figures = figures_of(
        R"({"gpus":[{"pci":"nowhere","percent":1},{"pci":"41:00.0","memory_total":-1,"memory_used":"x",)"
        R"("percent":101,"temperature":-5,"power_mw":1e9,"mig":1,"processes":[{"pid":0,"memory":1},)"
        R"({"pid":-7,"memory":1},{"pid":99999999999,"memory":1},{"memory":1},3,)"
        R"({"pid":7,"memory":1.5,"percent":101}]}]})");
    CHECK(figures == GpuFiguresByPci{{"0000:41:00.0", {.readings = {}, .processes = {{7, {}}}}}});
    CHECK(figures_of(R"({"gpus":[{"pci":"41:00.0","processes":{}}]})").at("0000:41:00.0").processes.empty());
}

TEST_CASE("gpu monitor line: a reason, and what is no answer", "[unit][gpu]") {
    const auto reason = parse_gpu_monitor_line("{\"error\":\"no \\u001bdriver\"}");
    REQUIRE_FALSE(reason);
    CHECK(reason.error() == Error{ErrorCode::Unavailable, "no driver"});
    for (const char* text : {"", "x", "[]", "{}", R"({"gpus":{}})", R"({"gpus":[1]})", R"({"gpus":[)"}) {
        INFO(text);
        const auto answer = parse_gpu_monitor_line(text);
        REQUIRE_FALSE(answer);
        CHECK(answer.error().code == ErrorCode::Invalid);
    }
}

TEST_CASE("gpu monitor line: the kernel's figures come first", "[unit][gpu]") {
    const GpuUsage kernel{12.5, {}}, monitor{30, 4096};
    CHECK(put_together(kernel, monitor) == GpuUsage{12.5, 4096});
    CHECK(put_together({{}, 1}, monitor) == GpuUsage{30, 1});
    CHECK(put_together({}, {}) == GpuUsage{});
}

}  // namespace kpm::core
