#pragma once
// What renders a task. Made, used and destroyed on the render thread alone, because a GPU context belongs to
// the thread that made it. The seam between the queue and the renderers; tests put their own behind it.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "ipc/base/result.h"
#include "render-worker/renderer.h"
#include "render-worker/server/protocol.h"

namespace kpm::render {

// Evaluations of networks, each for one frequency.
struct EvaluationCounts {
    std::uint64_t cpu = 0;
    std::uint64_t gpu = 0;
};

class RenderEngine {
public:
    virtual ~RenderEngine() = default;
    // Errors as Renderer::render. Unavailable while `cancelled` is false means that the device is lost: no
    // task can be rendered any more and the process has to be replaced.
    virtual Result<RenderedSound> render(const RenderTask& task, const CancelFlag& cancelled) = 0;
    // The process's exit code once the device is lost.
    virtual int exit_code_when_lost() const = 0;
    // It was lost through the doing of another process.
    virtual bool is_innocent() const { return false; }
    // Those done since the last call.
    virtual EvaluationCounts take_evaluations() { return {}; }
    // Memory of a GPU that it holds in buffers.
    virtual std::size_t gpu_bytes() const { return 0; }
    // For the ready line, e.g. "cpu".
    virtual std::string description() const = 0;
};

// Why there is no engine (any more), and the exit code from which kpmd reads what to do.
struct EngineFailure {
    Error error;
    int exit_code = 1;
};

using EngineFactory = std::function<std::variant<std::unique_ptr<RenderEngine>, EngineFailure>()>;

}  // namespace kpm::render
