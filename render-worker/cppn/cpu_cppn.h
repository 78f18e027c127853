#pragma once
// The exact evaluator: double precision, bit-equal to the reference. A call is done by its thread alone and
// keeps nothing, so that any number of threads may make one. Works in blocks of samples, so that a step costs
// one dispatch per block; runs only the steps that the asked outputs need (which keeps the values of
// recurrent networks, because their order and edges were fixed for all outputs when the program was
// compiled).

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

class CpuCppn : public CppnEvaluator {
public:
    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override {
        return {.name = "cpu", .device = "double precision", .exact = true, .concurrent = true};
    }
};

}  // namespace kpm::render
