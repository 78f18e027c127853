// kpm-gpu-monitor as kpmd uses it, on a library that stands in for NVIDIA's.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>

#include "daemon/core/gpu_monitor_line.h"
#include "ipc/base/text.h"
#include "tests/support/command.h"
#include "tests/support/kpm_home.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::test;

namespace {

constexpr std::uint64_t kGigabyte = std::uint64_t{1} << 30;
const std::string kFirst = "0000:41:00.0";
const std::string kSecond = "0000:c1:00.0";

struct Monitor {
    TempDir dir;
    std::string kind = "new";  // of library

    void say(const std::string& words) const { std::ofstream(dir.path() / "words") << words; }
    CommandResult ask(int questions = 1) const {
        std::string lines;
        for (int i = 0; i < questions; ++i) lines += "\\n";
        return run_command(
            {"sh", "-c", "printf '" + lines + "' | \"$0\"", (bin_dir() / "kpm-gpu-monitor").string()},
            {{"LD_LIBRARY_PATH", KPM_FAKE_NVML + kind}, {"FAKE_NVML", (dir.path() / "words").string()}});
    }
    // Of the last answer.
    core::GpuFiguresByPci figures(int questions = 1) const {
        const CommandResult result = ask(questions);
        INFO(result.out << result.err);
        REQUIRE(result.status == 0);
        const auto lines = split(result.out, '\n');
        REQUIRE(lines.size() == static_cast<std::size_t>(questions) + 1);
        auto figures = core::parse_gpu_monitor_line(lines[lines.size() - 2]);
        REQUIRE(figures);
        return *std::move(figures);
    }
};

}  // namespace

TEST_CASE("gpu monitor: what the library tells of GPUs and processes", "[integration][gpu]") {
    const Monitor monitor;
    monitor.say("worker 4711");
    const auto figures = monitor.figures();
    REQUIRE(figures.size() == 2);
    CHECK(figures.at(kFirst) ==
          core::GpuFigures{.readings = {.memory_total = 80 * kGigabyte,
                                        .memory_used = 4 * kGigabyte,
                                        .percent = 35,
                                        .temperature = 45,
                                        .power = 120.5,
                                        .mig = false},
                           .processes = {{101, {30, 2 * kGigabyte}}, {102, {0, {}}}, {103, {0, kGigabyte}}}});
    CHECK(figures.at(kSecond).readings.percent == 70U);
    CHECK_FALSE(figures.at(kSecond).readings.temperature);
    CHECK_FALSE(figures.at(kSecond).readings.mig);
    CHECK(figures.at(kSecond).processes ==
          decltype(core::GpuFigures::processes){{4711, {12, 3 * kGigabyte}}});
    // At the second question there is nothing new.
    CHECK(monitor.figures(2).at(kSecond).processes.at(4711).percent == 0.0);
}

TEST_CASE("gpu monitor: lists may be longer than the room for them", "[integration][gpu]") {
    const Monitor monitor;
    monitor.say("small");
    const auto processes = monitor.figures().at(kFirst).processes;
    CHECK(processes.size() == 103);
    CHECK(processes.at(1099).memory == std::uint64_t{1});
    CHECK(processes.at(103).memory == kGigabyte);
}

TEST_CASE("gpu monitor: of a GPU in slices nothing is told of processes' time", "[integration][gpu]") {
    const Monitor monitor;
    monitor.say("mig");
    const auto gpu = monitor.figures().at(kFirst);
    CHECK(gpu.readings.mig == true);
    CHECK_FALSE(gpu.readings.percent);
    CHECK(gpu.processes.at(101) == core::GpuUsage{{}, 2 * kGigabyte});
}

TEST_CASE("gpu monitor: an old library tells less", "[integration][gpu]") {
    Monitor monitor;
    monitor.kind = "old";
    const auto gpu = monitor.figures().at(kFirst);
    CHECK(gpu.readings ==
          core::GpuReadings{.memory_total = 80 * kGigabyte, .memory_used = 4 * kGigabyte, .percent = 35});
    CHECK(gpu.processes.at(103) == core::GpuUsage{{}, kGigabyte});
}

TEST_CASE("gpu monitor: a lost GPU is left out", "[integration][gpu]") {
    const Monitor monitor;
    monitor.say("lost");
    const auto figures = monitor.figures();
    CHECK_FALSE(figures.contains(kFirst));
    CHECK(figures.contains(kSecond));
}

TEST_CASE("gpu monitor: without a library or a driver it says why and ends", "[integration][gpu]") {
    Monitor monitor;
    const auto reason_of = [](const CommandResult& result) {
        CHECK(result.status == 1);
        const auto figures = core::parse_gpu_monitor_line(result.out);
        REQUIRE_FALSE(figures);
        CHECK(figures.error().code == ErrorCode::Unavailable);
        return figures.error().message;
    };
    SECTION("none") {
        monitor.kind = "none";
        CHECK(reason_of(monitor.ask(2)).starts_with("cannot load 'libnvidia-ml.so.1': "));
    }
    SECTION("another") {
        monitor.kind = "foreign";
        CHECK(reason_of(monitor.ask()) ==
              "cannot use 'libnvidia-ml.so.1': it is too old, or another library");
    }
    SECTION("no driver") {
        monitor.say("refuse");
        CHECK(reason_of(monitor.ask()) == "cannot initialise NVML: Driver Not Loaded");
    }
}

TEST_CASE("gpu monitor: a library that hangs takes it along, when nobody else does", "[integration][gpu]") {
    const Monitor monitor;
    monitor.say("hang");
    const CommandResult result = monitor.ask();
    CHECK(result.status == 128 + SIGALRM);
    CHECK(result.out.empty());
}

TEST_CASE("gpu monitor: nobody asks, nothing is loaded", "[integration][gpu]") {
    Monitor monitor;
    monitor.kind = "none";
    const CommandResult result = monitor.ask(0);
    CHECK(result.status == 0);
    CHECK(result.out.empty());
}
