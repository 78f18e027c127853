#pragma once
// The compiled interpreter shader for one size of the slot array. Lives no longer than the context it is made
// in.

#include <cstdint>
#include <memory>

#include "render-worker/gpu/gpu_context.h"
#include "render-worker/gpu/network_table.h"

namespace kpm::render {

class InterpreterProgram {
public:
    // Errors: Compile, with the beginning of the driver's log.
    static GpuResult<std::unique_ptr<InterpreterProgram>> build(const GpuContext& context,
                                                                std::uint32_t slots);

    InterpreterProgram(const InterpreterProgram&) = delete;
    InterpreterProgram& operator=(const InterpreterProgram&) = delete;
    ~InterpreterProgram();

    static constexpr std::uint32_t kGroupSize = 64;  // local_size_x of the shader

    // Issues the work for `sample_count` samples; the buffers are bound. Does not wait.
    void dispatch(const NetworkTable& table, std::uint32_t sample_count) const;

private:
    InterpreterProgram(const GpuContext& context, GLuint program);

    const GpuContext& context_;
    GLuint program_;
    GLint counts_;
    GLint sample_count_;
};

}  // namespace kpm::render
