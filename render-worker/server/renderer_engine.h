#pragma once
// The engine of the real worker: a Renderer over the CPU, and one over the GPU where there is one.

#include <cstddef>
#include <optional>
#include <string>

#include "ipc/base/result.h"
#include "render-worker/dsp/quirks.h"
#include "render-worker/server/render_engine.h"

namespace kpm::render {

// When a GPU that is there is used.
enum class GpuUse {
    Cheaper,  // for what it takes less time for than the CPU, as measured (CostModel)
    Always,   // for all that it can do
};

inline constexpr int kMaxThreads = 256;

struct EngineOptions {
    std::string gpu = "auto";  // as --gpu and RW_GPU take it: auto, off, software, a PCI address or a UUID
    std::optional<GpuUse> gpu_use;  // unless told: Cheaper with auto, Always with a device that was named
    std::size_t threads = 1;        // that evaluate networks on the CPU, see Renderer
    Quirks quirks;
};

// Auto falls back to the CPU; a device that was asked for by name must be there. Errors: Invalid (not a
// selector). The context is made when the factory is called, on the render thread; with `off` no GL library
// is loaded.
Result<EngineFactory> make_engine_factory(const EngineOptions& options);

}  // namespace kpm::render
