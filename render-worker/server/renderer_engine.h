#pragma once
// The engine of the real worker: a Renderer over the CPU, and one over the GPU where there is one.

#include "ipc/base/result.h"
#include "render-worker/dsp/quirks.h"
#include "render-worker/server/render_engine.h"

namespace kpm::render {

// `gpu` as --gpu and RW_GPU take it: auto, off, software, a PCI address or a UUID. Auto falls back to the
// CPU; a device that was asked for by name must be there. Errors: Invalid (not a selector). The context is
// made when the factory is called, on the render thread; with `off` no GL library is loaded.
Result<EngineFactory> make_engine_factory(const std::string& gpu, const Quirks& quirks = {});

}  // namespace kpm::render
