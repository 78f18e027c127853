#pragma once
// One storage buffer of the GPU that is reused and only ever grows. Lives no longer than the context it is
// made in.

#include <cstddef>

#include "render-worker/gpu/gpu_context.h"

namespace kpm::render {

class GpuBuffer {
public:
    // `usage` as in glBufferData: GL_DYNAMIC_DRAW for what is uploaded, GL_DYNAMIC_READ for what is read
    // back.
    GpuBuffer(const GpuContext& context, GLenum usage) : context_(context), usage_(usage) {}
    GpuBuffer(const GpuBuffer&) = delete;
    GpuBuffer& operator=(const GpuBuffer&) = delete;
    ~GpuBuffer();

    // At least `bytes` large, contents undefined after growing. Errors: Unsupported (beyond the driver's
    // limit), OutOfMemory, ContextLost, Driver.
    GpuStatus reserve(std::size_t bytes);
    // Needs reserve(bytes) before.
    void upload(const void* data, std::size_t bytes);
    // Binds to storage block `block` of the shader.
    void bind(GLuint block) const;

    GLuint id() const { return id_; }
    std::size_t bytes() const { return bytes_; }

private:
    const GpuContext& context_;
    GLenum usage_;
    GLuint id_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace kpm::render
