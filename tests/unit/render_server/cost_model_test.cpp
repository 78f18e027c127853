#include "render-worker/server/cost_model.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "render-worker/server/cost_line.h"

using namespace kpm::render;

namespace {

constexpr double kSecondOfSound = 48'000 * 70;  // in steps and edges, of a network of common size

struct Speed {
    double fixed = 0;
    double per_work = 0;
    double seconds(double work) const { return fixed + per_work * work; }
};

// 20 ms for a second of sound on the CPU. The GPU pays from a quarter of a second on.
constexpr Speed kCpu{0.0001, 0.02 / kSecondOfSound};
constexpr Speed kGpu{0.005, 0.0004 / kSecondOfSound};
constexpr Speed kSoftware{0.001, 0.38 / kSecondOfSound};  // 19 times as slow as the CPU

// Evaluates, by the model's choices, on backends whose speeds are known.
struct Worker {
    Speed cpu = kCpu;
    Speed gpu = kGpu;
    CostModel model;
    double spent = 0;
    std::size_t on_gpu = 0;

    Backend evaluate(double work, double held_up = 0) {
        const Backend chosen = model.choose(work);
        const double seconds = (chosen == Backend::Gpu ? gpu : cpu).seconds(work) + held_up;
        model.add(chosen, work, seconds);
        spent += seconds;
        on_gpu += chosen == Backend::Gpu;
        return chosen;
    }
    void learn() {
        for (int i = 0; i < 12; ++i) evaluate(kSecondOfSound * (i % 4 < 2 ? 0.1 : 4));
    }
    double cheaper(double work) const { return std::min(cpu.seconds(work), gpu.seconds(work)); }
};

}  // namespace

TEST_CASE("cost line: fixed cost and cost per work are told apart", "[unit][render_server]") {
    CostLine line;
    for (const double work : {1e6, 3e6, 2e7}) line.add(work, 0.004 + 2e-9 * work);
    CHECK(line.estimate(5e8) == Approx(1.004));
    CHECK(line.estimate(0) == Approx(0.004));
    CHECK(line.count() == 3);
}

TEST_CASE("cost line: with one size of work, cost is in proportion", "[unit][render_server]") {
    CostLine line;
    line.add(1'000'000, 0.01);
    line.add(1'000'100, 0.0101);
    CHECK(line.estimate(2e6) == Approx(0.02).epsilon(0.02));
}

TEST_CASE("cost line: one measurement that was held up changes nothing", "[unit][render_server]") {
    const std::size_t held_up = GENERATE(0, 1, 2, 3, 4, 5, 6, 7, 8);
    CostLine line;
    std::size_t index = 0;
    for (int round = 0; round < 3; ++round)
        for (const double work : {1e6, 1e7, 1e8})
            line.add(work, 0.004 + 2e-9 * work + (index++ == held_up ? 5 : 0));
    CHECK(line.estimate(1e6) == Approx(0.006));
    CHECK(line.estimate(1e9) == Approx(2.004));
}

TEST_CASE("cost line: a size that was not met for long is not forgotten, and a new speed is learned",
          "[unit][render_server]") {
    CostLine line;
    line.add(1e9, 2.004);
    for (int i = 0; i < 1000; ++i) line.add(1e6 + i, 0.006);
    CHECK(line.estimate(1e9) == Approx(2.004).epsilon(0.01));
    for (int i = 0; i < 5; ++i) {
        line.add(1e6, 0.012);
        line.add(1e9, 4.008);
    }
    CHECK(line.estimate(1e9) == Approx(4.008));
    CHECK(line.estimate(1e6) == Approx(0.012));
}

TEST_CASE("cost line: a size that has a new speed is believed, though others were not measured since",
          "[unit][render_server]") {
    CostLine line;
    for (const double work : {1e5, 1e6, 1e7})
        for (int i = 0; i < 5; ++i) line.add(work, 1e-6 * work);
    for (int i = 0; i < 3; ++i) line.add(1e6, 0.001);
    CHECK(line.estimate(1e6) == Approx(0.001));
    // Other work of about this size: between the same cost and one in proportion.
    CHECK(line.estimate(0.8e6) >= 0.0008);
    CHECK(line.estimate(0.8e6) <= 0.001);
    CHECK(line.estimate(1.04e6) <= 0.00104);
    CHECK(line.estimate(1e8) == Approx(100).epsilon(0.2));
}

TEST_CASE("cost line: it never promises less than nothing", "[unit][render_server]") {
    CostLine line;
    line.add(1e6, 0.5);
    line.add(1e9, 0.4);
    CHECK(line.estimate(1e12) >= 0.4);
    CostLine convex;
    convex.add(1e6, 0.001);
    convex.add(1e7, 0.1);
    CHECK(convex.estimate(0) == 0);
}

TEST_CASE("cost model: at first both are tried, the GPU before the CPU", "[unit][render_server]") {
    Worker worker;
    std::vector<Backend> chosen;
    for (int i = 0; i < 6; ++i) chosen.push_back(worker.evaluate(kSecondOfSound));
    CHECK(chosen ==
          std::vector{Backend::Gpu, Backend::Cpu, Backend::Gpu, Backend::Cpu, Backend::Gpu, Backend::Cpu});
}

TEST_CASE("cost model: a GPU that does nothing is asked again each time", "[unit][render_server]") {
    CostModel model;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(model.choose(kSecondOfSound) == Backend::Gpu);
        model.add(Backend::Cpu, kSecondOfSound, 0.02);  // which did it in its place
    }
}

TEST_CASE("cost model: short sounds go to the CPU, long ones to the GPU", "[unit][render_server]") {
    Worker worker;
    worker.learn();
    CHECK(worker.evaluate(0.05 * kSecondOfSound) == Backend::Cpu);
    CHECK(worker.evaluate(2 * kSecondOfSound) == Backend::Gpu);
    CHECK(worker.evaluate(0.05 * kSecondOfSound) == Backend::Cpu);
    CHECK(worker.evaluate(60 * kSecondOfSound) == Backend::Gpu);
}

TEST_CASE("cost model: an evaluation that is held up does not change the choice", "[unit][render_server]") {
    const int held_up = GENERATE(0, 1, 2, 3, 4, 5);
    Worker worker;
    for (int i = 0; i < 6; ++i) worker.evaluate(kSecondOfSound, i == held_up ? 3 : 0);
    for (int i = 0; i < 10; ++i) CHECK(worker.evaluate(kSecondOfSound) == Backend::Gpu);
}

TEST_CASE("cost model: trials of the dearer one are few and cost a fiftieth at most",
          "[unit][render_server]") {
    const auto [gpu, most] =
        GENERATE(table<Speed, std::size_t>({{kSoftware, 20}, {{0, 0.021 / kSecondOfSound}, 626}}));
    Worker worker{.gpu = gpu};
    worker.learn();
    const double before = worker.spent;
    worker.on_gpu = 0;
    double least = 0;
    for (int i = 0; i < 10'000; ++i) {
        worker.evaluate(kSecondOfSound);
        least += worker.cheaper(kSecondOfSound);
    }
    CHECK(worker.on_gpu > 5);
    CHECK(worker.on_gpu <= most);
    CHECK(worker.spent - before <= 1.021 * least);
}

TEST_CASE("cost model: a GPU that others leave is found again", "[unit][render_server]") {
    Worker worker{.gpu = kSoftware};
    worker.learn();
    for (int i = 0; i < 5'000; ++i) worker.evaluate(kSecondOfSound);
    worker.gpu = kGpu;
    for (int i = 0; i < 5'000; ++i) worker.evaluate(kSecondOfSound);
    CHECK(worker.evaluate(kSecondOfSound) == Backend::Gpu);
    CHECK(worker.evaluate(kSecondOfSound) == Backend::Gpu);
}

TEST_CASE("cost model: no trial costs more than a second, however much time has been spent",
          "[unit][render_server]") {
    Worker worker{.gpu = kSoftware};
    worker.learn();
    for (int i = 0; i < 1'000; ++i) REQUIRE(worker.evaluate(60 * kSecondOfSound) == Backend::Cpu);
}

TEST_CASE("cost model: a trial that took longer than expected is paid for before the next one",
          "[unit][render_server]") {
    Worker worker{.gpu = {0, 0.021 / kSecondOfSound}};
    worker.learn();
    while (worker.evaluate(kSecondOfSound) == Backend::Cpu) continue;
    worker.gpu.fixed = 0.5;  // 25 seconds of work pay for it, 1250 evaluations
    while (worker.evaluate(kSecondOfSound) == Backend::Cpu) continue;
    worker.gpu.fixed = 0;
    for (int i = 0; i < 1'000; ++i) REQUIRE(worker.evaluate(kSecondOfSound) == Backend::Cpu);
}
