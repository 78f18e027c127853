#include "render-worker/server/cheaper_evaluator.h"

#include <catch2/catch.hpp>
#include <vector>

#include "render-worker/server/gpu_first_evaluator.h"
#include "render-worker/server/metered_evaluator.h"

using namespace kpm;
using namespace kpm::render;

namespace {

using Signals = Result<std::vector<std::vector<float>>>;

// Takes, by a clock of its own, fixed seconds and seconds per sample.
struct TimedFake final : CppnEvaluator {
    TimedFake(double& time, double fixed_seconds, double seconds_per_sample)
        : now(time), fixed(fixed_seconds), per_sample(seconds_per_sample) {}
    Signals evaluate(const CppnProgram&, std::span<const std::uint32_t>, const SignalSpec& spec,
                     const CancelFlag&) override {
        ++calls;
        now += fixed + per_sample * static_cast<double>(spec.sample_count);
        if (refuses) return Error{ErrorCode::Invalid, "too large"};
        return std::vector<std::vector<float>>{{1}};
    }
    BackendInfo info() const override { return {.name = "timed"}; }

    double& now;
    double fixed, per_sample;
    int calls = 0;
    bool refuses = false;
};

struct Bench {
    double now = 0;
    TimedFake gpu{now, 0.01, 1e-7};
    TimedFake cpu{now, 0, 1e-6};
    CostModel costs;
    MeteredEvaluator metered_gpu{gpu, Backend::Gpu, costs, [this] { return now; }};
    MeteredEvaluator metered_cpu{cpu, Backend::Cpu, costs, [this] { return now; }};
    GpuFirstEvaluator gpu_first{metered_gpu, metered_cpu};
    CheaperEvaluator evaluator{gpu_first, metered_cpu, costs};
    // One step, fed by the bias.
    CppnProgram program{.bias_count = 1,
                        .slot_count = 2,
                        .edges = {{0, 1.0}},
                        .steps = {{Activation::Linear, 1, 0, 1}},
                        .output_slots = {1}};

    // The backend that did it; REQUIRES that one did.
    Backend evaluate(std::size_t samples, bool exact = false) {
        const int before = gpu.calls;
        const std::uint32_t outputs[] = {0};
        const CancelFlag go_on{false};
        REQUIRE(evaluator.evaluate(program, outputs, {.sample_count = samples, .exact = exact}, go_on));
        return gpu.calls > before ? Backend::Gpu : Backend::Cpu;
    }
    void learn() {
        for (int i = 0; i < 12; ++i) evaluate(i % 4 < 2 ? 1'000 : 1'000'000);
    }
};

}  // namespace

TEST_CASE("cheaper: each evaluation goes where it takes less time", "[unit][render_server]") {
    Bench bench;
    bench.learn();
    CHECK(bench.evaluate(500) == Backend::Cpu);
    CHECK(bench.evaluate(500'000) == Backend::Gpu);
    bench.gpu.now += 1000;  // between evaluations time costs nothing
    CHECK(bench.evaluate(500) == Backend::Cpu);
    CHECK(bench.evaluate(500'000) == Backend::Gpu);
}

TEST_CASE("cheaper: what only the CPU can do is no choice, and is learned from", "[unit][render_server]") {
    Bench bench;
    for (int i = 0; i < 3; ++i) CHECK(bench.evaluate(1'000'000, true) == Backend::Cpu);
    CHECK(bench.gpu.calls == 0);
    for (int i = 0; i < 3; ++i) CHECK(bench.evaluate(1'000'000) == Backend::Gpu);
    bench.program.recurrent = true;
    CHECK(bench.evaluate(1'000'000) == Backend::Cpu);
    bench.program.recurrent = false;
    CHECK(bench.evaluate(1'000'000) == Backend::Gpu);
    CHECK(bench.gpu.calls == 4);
}

TEST_CASE("cheaper: what the GPU refuses is done by the CPU, and counts as its own",
          "[unit][render_server]") {
    Bench bench;
    bench.gpu.refuses = true;
    for (int i = 0; i < 4; ++i) bench.evaluate(1'000'000);
    CHECK(bench.metered_gpu.take_count() == 0);
    CHECK(bench.metered_cpu.take_count() == 4);
    CHECK(bench.metered_cpu.take_count() == 0);
    // The refusals were no measurements: the GPU's first ones are still to come.
    bench.gpu.refuses = false;
    for (int i = 0; i < 3; ++i) CHECK(bench.evaluate(1'000'000) == Backend::Gpu);
    CHECK(bench.metered_gpu.take_count() == 3);
}

TEST_CASE("cheaper: work is the samples times the steps and edges that are needed", "[unit][render_server]") {
    Bench bench;
    // A second output, which needs the first one's step.
    bench.program.slot_count = 3;
    bench.program.edges = {{0, 1.0}, {1, 1.0}, {0, 1.0}};
    bench.program.steps.push_back({Activation::Sine, 2, 1, 2});
    bench.program.output_slots = {1, 2};
    const std::uint32_t first[] = {0}, second[] = {1}, missing[] = {2};
    CHECK(work_of(bench.program, first, {.sample_count = 10}) == 20);
    CHECK(work_of(bench.program, second, {.sample_count = 10}) == 50);
    CHECK(work_of(bench.program, missing, {.sample_count = 10}) == 0);
}
