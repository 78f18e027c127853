#pragma once
// The GPU or the CPU for each evaluation, whichever takes less time (CostModel). What only the CPU can do, or
// what the GPU turns out not to be able to, is left to `gpu_first`.

#include "render-worker/cppn/cppn_program.h"
#include "render-worker/server/cost_model.h"

namespace kpm::render {

class CheaperEvaluator final : public CppnEvaluator {
public:
    // All must outlive this. Both evaluators tell `costs` what they have done.
    CheaperEvaluator(CppnEvaluator& gpu_first, CppnEvaluator& cpu, CostModel& costs)
        : gpu_first_(gpu_first), cpu_(cpu), costs_(costs) {}

    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override { return gpu_first_.info(); }

private:
    CppnEvaluator& gpu_first_;
    CppnEvaluator& cpu_;
    CostModel& costs_;
};

}  // namespace kpm::render
