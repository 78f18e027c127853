#include "render-worker/gpu/chunk_size.h"

#include <algorithm>
#include <cmath>

#include "render-worker/gpu/interpreter_program.h"

namespace kpm::render {
namespace {

// OpenGL ES 3.1 promises 65,535 work groups in one dimension.
constexpr std::uint32_t kMaxChunk = 65535 * InterpreterProgram::kGroupSize;
constexpr std::size_t kMaxReadBack = std::size_t{64} << 20;
// As much as a second at 48 kHz of 2,800 edges. A software renderer on one core needs about a second for it.
constexpr std::size_t kMaxWork = std::size_t{1} << 27;

}  // namespace

std::size_t chunk_size(const ChunkNeeds& needs) {
    const double second =
        std::clamp(std::ceil(needs.sample_rate), double{InterpreterProgram::kGroupSize}, double{kMaxChunk});
    const std::size_t read_back = std::min(kMaxReadBack, needs.max_buffer) / (sizeof(float) * needs.outputs);
    const std::size_t inputs = needs.max_buffer / (2 * sizeof(float));
    const std::size_t work = kMaxWork / std::max<std::size_t>(needs.work, 1);
    return std::max<std::size_t>(std::min({static_cast<std::size_t>(second), read_back, inputs, work}), 1);
}

}  // namespace kpm::render
