#pragma once
// One OpenGL ES context without a window, on the selected device, with compute shaders.
// A process has at most one at a time; it belongs to the thread that made it, and to the process: after
// fork() the child may not touch it (drivers hang there), and may not make one of its own either. So workers
// are exec'ed. The context asks for robust access and for loss on reset, where the driver has them: a reset
// is then reported, not hidden.

#include <sys/types.h>

#include <memory>
#include <thread>

#include "render-worker/gpu/device_selector.h"
#include "render-worker/gpu/egl_devices.h"
#include "render-worker/gpu/gl_api.h"
#include "render-worker/gpu/gpu_error.h"

namespace kpm::render {

struct GpuCaps {
    int es_major = 0;
    int es_minor = 0;
    bool robust = false;   // robust access, loss on reset
    bool precise = false;  // GLSL ES 3.20: `precise` is understood
    std::string vendor;
    std::string renderer;
    std::size_t max_ssbo = 0;  // bytes of one storage buffer
};

class GpuContext {
public:
    // Errors: NoDriver, NoDevice, WrongDevice, Unsupported, Misuse.
    static GpuResult<GpuContext> create(const DeviceSelector& selector, const GlApi& api);
    // On this very device, whatever it is.
    static GpuResult<GpuContext> create_on(const EglDevice& device, const GlApi& api);

    GpuContext(GpuContext&& other) noexcept;
    GpuContext& operator=(GpuContext&&) = delete;
    ~GpuContext();

    const GlApi& api() const { return api_; }
    const GlApi::Gl& gl() const { return api_.gl; }
    const DeviceId& device() const { return device_; }
    const GpuCaps& caps() const { return caps_; }

    // Misuse when this is not the thread and process that made the context.
    GpuStatus check_owner() const;
    // Always None where the driver reports no resets.
    ResetKind poll_reset() const;
    // ContextLost, OutOfMemory or Driver if a GL error is pending; `during` names the call for the message.
    GpuStatus check_errors(std::string_view during) const;

    // The destructor is to leave the driver alone: after a hang it would wait for the hung work.
    void abandon() { abandoned_ = true; }
    bool usable() const { return context_ != EGL_NO_CONTEXT && !abandoned_ && check_owner(); }

private:
    explicit GpuContext(const GlApi& api);
    GpuStatus open_display(EGLenum platform, void* native);
    GpuStatus make_context();
    GpuStatus read_caps();
    GpuStatus verify_kind(const DeviceSelector& selector) const;
    GpuStatus verify_uuid() const;
    static GpuResult<GpuContext> open(const GlApi& api, EGLenum platform, void* native, DeviceId id);

    GlApi api_;
    DeviceId device_;
    GpuCaps caps_;
    EGLDisplay display_ = EGL_NO_DISPLAY;
    EGLContext context_ = EGL_NO_CONTEXT;
    bool abandoned_ = false;
    pid_t pid_;
    std::thread::id thread_ = std::this_thread::get_id();
};

}  // namespace kpm::render
