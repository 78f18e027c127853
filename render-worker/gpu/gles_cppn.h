#pragma once
// Runs CPPNs on a GPU in float32: fast, not exact (docs/gpu.md tells how close). Sounds are computed in
// chunks of at most one second, and less of a large network, so that other workers on the same GPU get their
// turn, a cancelled job ends soon and a hang is noticed. Belongs to the thread that made it. After a fatal
// error (see failure()) every further call fails the same way and the worker is to exit with
// exit_code(failure()->code): a lost context is not rebuilt in this process.

#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "render-worker/cppn/cppn_program.h"
#include "render-worker/gpu/gpu_buffer.h"
#include "render-worker/gpu/gpu_context.h"
#include "render-worker/gpu/interpreter_program.h"

namespace kpm::render {

struct GlesOptions {
    std::chrono::milliseconds deadline{10'000};  // for one chunk, from its dispatch to its end
};

class GlesCppn : public CppnEvaluator {
public:
    // Opens the GPU and compiles the smallest interpreter, so that a driver that cannot is found out at once.
    static GpuResult<std::unique_ptr<GlesCppn>> create(const DeviceSelector& selector, const GlApi& api,
                                                       GlesOptions options = {});
    // The same with the system's EGL library.
    static GpuResult<std::unique_ptr<GlesCppn>> create(const DeviceSelector& selector,
                                                       GlesOptions options = {});
    ~GlesCppn() override;

    // Invalid: the CPU is to do this one (too large, recurrent, not finite, shader refused). Unavailable:
    // cancelled, or see failure().
    Result<std::vector<std::vector<float>>> evaluate(const CppnProgram& program,
                                                     std::span<const std::uint32_t> outputs,
                                                     const SignalSpec& spec,
                                                     const CancelFlag& cancelled) override;
    BackendInfo info() const override;

    // The fatal error that ended this evaluator's life, if any.
    const std::optional<GpuError>& failure() const { return failure_; }
    const GpuContext& context() const { return context_; }
    // GPU memory held in buffers, in bytes.
    std::size_t gpu_bytes() const;

private:
    using Channels = std::vector<std::vector<float>>;
    struct Chunk {
        std::size_t first = 0;
        std::uint32_t count = 0;
    };

    GlesCppn(GpuContext context, GlesOptions options);
    GpuResult<Channels> run(const CppnProgram& program, std::span<const std::uint32_t> outputs,
                            const SignalSpec& spec, const CancelFlag& cancelled);
    GpuResult<InterpreterProgram*> program_for(std::uint32_t slots);
    GpuStatus upload_network(const NetworkTable& table);
    GpuStatus upload_inputs(const SignalSpec& spec, const Chunk& chunk);
    GpuStatus wait();
    GpuStatus read_back(const Chunk& chunk, Channels& channels);

    GpuContext context_;
    GlesOptions options_;
    std::array<std::unique_ptr<InterpreterProgram>, std::size(kSlotSizes)> programs_;
    GpuBuffer samples_{context_, GL_DYNAMIC_READ};
    GpuBuffer inputs_{context_, GL_DYNAMIC_DRAW};
    GpuBuffer nodes_{context_, GL_DYNAMIC_DRAW};
    GpuBuffer edges_{context_, GL_DYNAMIC_DRAW};
    std::vector<double> e_;
    std::vector<double> x_;
    std::vector<float> interleaved_;
    std::optional<GpuError> failure_;
};

// For callers that need no more than the seam; the error tells the class of failure in words.
Result<std::unique_ptr<CppnEvaluator>> make_gles_evaluator(const DeviceSelector& selector);

}  // namespace kpm::render
