#include "render-worker/gpu/gpu_buffer.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

namespace kpm::render {

GpuBuffer::~GpuBuffer() {
    if (id_ != 0 && context_.usable()) context_.gl().DeleteBuffers(1, &id_);
}

GpuStatus GpuBuffer::reserve(std::size_t bytes) {
    if (bytes <= bytes_) return std::monostate{};
    if (bytes > context_.caps().max_ssbo)
        return GpuError{GpuErrc::Unsupported, fmt::format("a buffer of {} bytes, the driver allows {}", bytes,
                                                          context_.caps().max_ssbo)};
    // Powers of two keep the number of reallocations small while jobs of all sizes come by.
    const std::size_t rounded =
        std::min(std::bit_ceil(std::max<std::size_t>(bytes, 4096)), context_.caps().max_ssbo);
    const auto& gl = context_.gl();
    if (id_ == 0) gl.GenBuffers(1, &id_);
    gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, id_);
    gl.BufferData(GL_SHADER_STORAGE_BUFFER, static_cast<GLsizeiptr>(rounded), nullptr, usage_);
    if (auto status = context_.check_errors(fmt::format("allocating {} bytes", rounded)); !status)
        return status;
    bytes_ = rounded;
    return std::monostate{};
}

void GpuBuffer::upload(const void* data, std::size_t bytes) {
    if (bytes == 0) return;
    context_.gl().BindBuffer(GL_SHADER_STORAGE_BUFFER, id_);
    context_.gl().BufferSubData(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(bytes), data);
}

void GpuBuffer::bind(GLuint block) const {
    context_.gl().BindBufferBase(GL_SHADER_STORAGE_BUFFER, block, id_);
}

}  // namespace kpm::render
