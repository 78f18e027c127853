#pragma once
// The GPU with the CPU behind it: what the GPU cannot run (recurrent or too large networks) or gets wrong
// (NaN, infinity), and what has to be exact, is computed by the CPU instead. A lost device is not covered up:
// the process has to be replaced.

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

class GpuFirstEvaluator final : public CppnEvaluator {
public:
    // Both must outlive this.
    GpuFirstEvaluator(CppnEvaluator& gpu, CppnEvaluator& cpu) : gpu_(gpu), cpu_(cpu) {}

    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override { return gpu_.info(); }

private:
    CppnEvaluator& gpu_;
    CppnEvaluator& cpu_;
};

}  // namespace kpm::render
