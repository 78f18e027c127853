#include "render-worker/server/gpu_first_evaluator.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {

bool is_finite(const std::vector<std::vector<float>>& signals) {
    return std::ranges::all_of(signals, [](const std::vector<float>& signal) {
        return std::ranges::all_of(signal, [](float value) { return std::isfinite(value); });
    });
}

}  // namespace

Result<std::vector<std::vector<float>>> GpuFirstEvaluator::evaluate(const CppnProgram& program,
                                                                    std::span<const std::uint32_t> outputs,
                                                                    const SignalSpec& spec,
                                                                    const CancelFlag& cancelled) {
    if (program.recurrent || spec.exact) return cpu_.evaluate(program, outputs, spec, cancelled);
    Result<std::vector<std::vector<float>>> signals = gpu_.evaluate(program, outputs, spec, cancelled);
    const bool is_refused = !signals && signals.error().code == ErrorCode::Invalid;
    if (is_refused || (signals && !is_finite(*signals)))
        return cpu_.evaluate(program, outputs, spec, cancelled);
    return signals;
}

}  // namespace kpm::render
