#include "render-worker/server/gpu_first_evaluator.h"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

using namespace kpm;
using namespace kpm::render;

namespace {

using Signals = Result<std::vector<std::vector<float>>>;

struct FakeEvaluator final : CppnEvaluator {
    explicit FakeEvaluator(Signals given) : answer(std::move(given)) {}
    Signals evaluate(const CppnProgram&, std::span<const std::uint32_t>, const SignalSpec&,
                     const CancelFlag&) override {
        ++calls;
        return answer;
    }
    BackendInfo info() const override { return {.name = "fake"}; }

    Signals answer;
    int calls = 0;
};

Signals constant(float value) {
    return std::vector<std::vector<float>>{{value}};
}

struct Outcome {
    Signals signals;
    int gpu_calls;
    int cpu_calls;
};

// The CPU always answers 1.
Outcome evaluate(Signals gpu_answer, bool recurrent = false, bool exact = false) {
    FakeEvaluator gpu(std::move(gpu_answer));
    FakeEvaluator cpu(constant(1));
    const CancelFlag cancelled = false;
    const CppnProgram program{.recurrent = recurrent};
    GpuFirstEvaluator evaluator(gpu, cpu);
    Signals signals = evaluator.evaluate(program, {}, {.exact = exact}, cancelled);
    return {std::move(signals), gpu.calls, cpu.calls};
}

}  // namespace

TEST_CASE("gpu first: what the GPU computes is taken", "[unit][render_server]") {
    const Outcome outcome = evaluate(constant(2));
    CHECK(outcome.signals.value()[0][0] == 2);
    CHECK(outcome.cpu_calls == 0);
}

TEST_CASE("gpu first: a recurrent network never reaches the GPU", "[unit][render_server]") {
    const Outcome outcome = evaluate(constant(2), true);
    CHECK(outcome.signals.value()[0][0] == 1);
    CHECK(outcome.gpu_calls == 0);
}

TEST_CASE("gpu first: what has to be exact never reaches the GPU", "[unit][render_server]") {
    const Outcome outcome = evaluate(constant(2), false, true);
    CHECK(outcome.signals.value()[0][0] == 1);
    CHECK(outcome.gpu_calls == 0);
}

TEST_CASE("gpu first: what the GPU refuses or gets wrong is computed by the CPU", "[unit][render_server]") {
    CHECK(evaluate(Error{ErrorCode::Invalid, "too large"}).signals.value()[0][0] == 1);
    CHECK(evaluate(constant(std::numeric_limits<float>::quiet_NaN())).signals.value()[0][0] == 1);
    CHECK(evaluate(constant(std::numeric_limits<float>::infinity())).signals.value()[0][0] == 1);
}

TEST_CASE("gpu first: a lost device is reported, not covered up", "[unit][render_server]") {
    const Outcome outcome = evaluate(Error{ErrorCode::Unavailable, "context lost"});
    REQUIRE_FALSE(outcome.signals);
    CHECK(outcome.signals.error().message == "context lost");
    CHECK(outcome.cpu_calls == 0);
}
