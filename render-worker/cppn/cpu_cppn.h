#pragma once
// The exact evaluator: double precision on one thread, bit-equal to the reference. Works in blocks of
// samples, so that a step costs one dispatch per block; runs only the steps that the asked outputs need
// (which keeps the values of recurrent networks, because their order and edges were fixed for all outputs
// when the program was compiled).

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

class CpuCppn : public CppnEvaluator {
public:
    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override { return {"cpu", "double precision", true}; }
};

}  // namespace kpm::render
