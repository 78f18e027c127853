#include "render-worker/server/metered_evaluator.h"

#include "render-worker/cppn/needed_slots.h"

namespace kpm::render {

double work_of(const CppnProgram& program, std::span<const std::uint32_t> outputs, const SignalSpec& spec) {
    return static_cast<double>(spec.sample_count) * static_cast<double>(work_per_sample(program, outputs));
}

Result<std::vector<std::vector<float>>> MeteredEvaluator::evaluate(const CppnProgram& program,
                                                                   std::span<const std::uint32_t> outputs,
                                                                   const SignalSpec& spec,
                                                                   const CancelFlag& cancelled) {
    const double begin = costs_ ? now_() : 0;
    auto signals = evaluator_.evaluate(program, outputs, spec, cancelled);
    if (!signals) return signals;
    if (costs_) costs_->add(backend_, work_of(program, outputs, spec), now_() - begin);
    ++count_;
    return signals;
}

}  // namespace kpm::render
