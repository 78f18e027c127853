#include "render-worker/gpu/gpu_context.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include <fmt/format.h>

#include "ipc/base/text.h"

namespace kpm::render {
namespace {

// Process that has opened an EGL display, and how many contexts of it live. Inherited by fork(), which is how
// a child learns that its copy of the driver is of no use.
std::atomic<pid_t> g_display_owner{0};
std::atomic<int> g_contexts{0};

GpuStatus claim_process() {
    const pid_t pid = getpid();
    pid_t nobody = 0;
    if (!g_display_owner.compare_exchange_strong(nobody, pid) && nobody != pid)
        return GpuError{GpuErrc::Misuse, "this process was forked from one that had opened the GPU"};
    if (g_contexts.load() > 0) return GpuError{GpuErrc::Misuse, "this process already has a context"};
    return std::monostate{};
}

bool is_software_renderer(std::string_view renderer) {
    const std::string text = lower(renderer);
    for (const char* word : {"llvmpipe", "softpipe", "swrast", "software rasterizer", "swiftshader"})
        if (text.find(word) != std::string::npos) return true;
    return false;
}

std::string text_of(const GLubyte* text) {
    return text ? reinterpret_cast<const char*>(text) : "";
}

}  // namespace

GpuContext::GpuContext(const GlApi& api) : api_(api), pid_(getpid()) {
    g_contexts.fetch_add(1);
}

GpuContext::GpuContext(GpuContext&& other) noexcept
    : api_(other.api_),
      device_(std::move(other.device_)),
      caps_(std::move(other.caps_)),
      display_(std::exchange(other.display_, EGL_NO_DISPLAY)),
      context_(std::exchange(other.context_, EGL_NO_CONTEXT)),
      abandoned_(other.abandoned_),
      pid_(other.pid_),
      thread_(other.thread_) {
    g_contexts.fetch_add(1);
}

GpuContext::~GpuContext() {
    g_contexts.fetch_sub(1);
    if (display_ == EGL_NO_DISPLAY || abandoned_ || getpid() != pid_) return;
    if (context_ != EGL_NO_CONTEXT) {
        api_.egl.MakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        api_.egl.DestroyContext(display_, context_);
    }
    api_.egl.Terminate(display_);
}

GpuResult<GpuContext> GpuContext::create(const DeviceSelector& selector, const GlApi& api) {
    if (!selector.wants_gpu()) return GpuError{GpuErrc::NoDevice, "the selection 'cpu' asks for none"};
    if (auto claimed = claim_process(); !claimed) return claimed.error();
    auto devices = list_devices(api);
    if (!devices) return devices.error();

    std::optional<GpuError> first_failure;
    const auto attempt = [&](EGLenum platform, void* native, const DeviceId& id) -> GpuResult<GpuContext> {
        auto context = open(api, platform, native, id);
        const GpuStatus status = context ? context->verify_kind(selector) : GpuStatus(context.error());
        if (status) return context;
        if (!first_failure) first_failure = status.error();
        return status.error();
    };
    for (const EglDevice& device : *devices)
        if (matches(selector, device.id))
            if (auto context = attempt(EGL_PLATFORM_DEVICE_EXT, device.handle, device.id)) return context;
    // A surfaceless display is on a device of the driver's choice, so it cannot serve a named one.
    const bool any_will_do =
        selector.kind == DeviceSelector::Kind::Auto || selector.kind == DeviceSelector::Kind::Software;
    const char* client = api.egl.QueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
    if (any_will_do && (devices->empty() || first_failure) &&
        has_extension(client, "EGL_MESA_platform_surfaceless"))
        if (auto context = attempt(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, {})) return context;
    if (first_failure) return *first_failure;
    return GpuError{GpuErrc::NoDevice,
                    fmt::format("none of {} EGL devices matches '{}'", devices->size(), selector.text())};
}

GpuResult<GpuContext> GpuContext::create_on(const EglDevice& device, const GlApi& api) {
    if (auto claimed = claim_process(); !claimed) return claimed.error();
    return open(api, EGL_PLATFORM_DEVICE_EXT, device.handle, device.id);
}

GpuResult<GpuContext> GpuContext::open(const GlApi& api, EGLenum platform, void* native, DeviceId id) {
    GpuContext context(api);
    context.device_ = std::move(id);
    if (auto opened = context.open_display(platform, native); !opened) return opened.error();
    if (auto made = context.make_context(); !made) return made.error();
    if (auto read = context.read_caps(); !read) return read.error();
    if (auto verified = context.verify_uuid(); !verified) return verified.error();
    context.device_.software = is_software_renderer(context.caps_.renderer);
    return context;
}

GpuStatus GpuContext::open_display(EGLenum platform, void* native) {
    if (!api_.egl.GetPlatformDisplayEXT) return GpuError{GpuErrc::NoDriver, "no eglGetPlatformDisplayEXT"};
    const EGLDisplay display = api_.egl.GetPlatformDisplayEXT(platform, native, nullptr);
    if (display == EGL_NO_DISPLAY)
        return GpuError{GpuErrc::NoDriver,
                        fmt::format("eglGetPlatformDisplay failed: {:#x}", api_.egl.GetError())};
    EGLint major = 0;
    EGLint minor = 0;
    if (!api_.egl.Initialize(display, &major, &minor))
        return GpuError{GpuErrc::NoDriver, fmt::format("eglInitialize failed: {:#x}", api_.egl.GetError())};
    display_ = display;
    return std::monostate{};
}

GpuStatus GpuContext::make_context() {
    const char* extensions = api_.egl.QueryString(display_, EGL_EXTENSIONS);
    if (!has_extension(extensions, "EGL_KHR_surfaceless_context"))
        return GpuError{GpuErrc::Unsupported, "no contexts without a surface"};
    if (!api_.egl.BindAPI(EGL_OPENGL_ES_API)) return GpuError{GpuErrc::Unsupported, "no OpenGL ES"};
    EGLConfig config = EGL_NO_CONFIG_KHR;
    if (!has_extension(extensions, "EGL_KHR_no_config_context") &&
        !has_extension(extensions, "EGL_MESA_configless_context")) {
        const EGLint wanted[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
        EGLint count = 0;
        if (!api_.egl.ChooseConfig(display_, wanted, &config, 1, &count) || count < 1)
            return GpuError{GpuErrc::Unsupported, "no configuration for OpenGL ES 3"};
    }

    const bool can_be_robust = has_extension(extensions, "EGL_EXT_create_context_robustness");
    for (const bool robust : {true, false}) {
        if (robust && !can_be_robust) continue;
        for (const EGLint minor : {2, 1}) {
            std::vector<EGLint> attributes = {EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, minor};
            if (robust)
                attributes.insert(attributes.end(), {EGL_CONTEXT_OPENGL_ROBUST_ACCESS_EXT, EGL_TRUE,
                                                     EGL_CONTEXT_OPENGL_RESET_NOTIFICATION_STRATEGY_EXT,
                                                     EGL_LOSE_CONTEXT_ON_RESET_EXT});
            attributes.push_back(EGL_NONE);
            context_ = api_.egl.CreateContext(display_, config, EGL_NO_CONTEXT, attributes.data());
            if (context_ == EGL_NO_CONTEXT) continue;
            if (!api_.egl.MakeCurrent(display_, EGL_NO_SURFACE, EGL_NO_SURFACE, context_))
                return GpuError{GpuErrc::Unsupported,
                                fmt::format("eglMakeCurrent failed: {:#x}", api_.egl.GetError())};
            caps_.robust = robust;
            return std::monostate{};
        }
    }
    return GpuError{GpuErrc::Unsupported,
                    fmt::format("no OpenGL ES 3.1 context: {:#x}", api_.egl.GetError())};
}

GpuStatus GpuContext::read_caps() {
    api_.gl.GetIntegerv(GL_MAJOR_VERSION, &caps_.es_major);
    api_.gl.GetIntegerv(GL_MINOR_VERSION, &caps_.es_minor);
    caps_.precise = caps_.es_major > 3 || caps_.es_minor >= 2;
    caps_.vendor = text_of(api_.gl.GetString(GL_VENDOR));
    caps_.renderer = text_of(api_.gl.GetString(GL_RENDERER));
    GLint blocks = 0;
    api_.gl.GetIntegerv(GL_MAX_COMPUTE_SHADER_STORAGE_BLOCKS, &blocks);
    GLint bytes = 0;
    api_.gl.GetIntegerv(GL_MAX_SHADER_STORAGE_BLOCK_SIZE, &bytes);
    caps_.max_ssbo = static_cast<std::size_t>(std::max(bytes, 0));
    if (blocks < 4)
        return GpuError{GpuErrc::Unsupported, fmt::format("{} storage blocks, 4 are needed", blocks)};
    return check_errors("reading the limits");
}

GpuStatus GpuContext::verify_kind(const DeviceSelector& selector) const {
    if (device_.software == (selector.kind == DeviceSelector::Kind::Software)) return std::monostate{};
    const bool nothing_named = selector.kind == DeviceSelector::Kind::Auto;
    return GpuError{nothing_named ? GpuErrc::NoDevice : GpuErrc::WrongDevice,
                    fmt::format("'{}' was asked for, the driver gave '{}'", selector.text(), caps_.renderer)};
}

GpuStatus GpuContext::verify_uuid() const {
    const char* extensions = reinterpret_cast<const char*>(api_.gl.GetString(GL_EXTENSIONS));
    if (device_.uuid.empty() || !api_.gl.GetUnsignedBytei_vEXT ||
        !has_extension(extensions, "GL_EXT_memory_object"))
        return std::monostate{};
    std::array<unsigned char, 16> bytes{};
    api_.gl.GetUnsignedBytei_vEXT(GL_DEVICE_UUID_EXT, 0, bytes.data());
    if (api_.gl.GetError() == GL_NO_ERROR && uuid_text(bytes) != device_.uuid)
        return GpuError{GpuErrc::WrongDevice, fmt::format("the device {} was opened, the driver gave {}",
                                                          device_.uuid, uuid_text(bytes))};
    return std::monostate{};
}

GpuStatus GpuContext::check_owner() const {
    if (getpid() != pid_) return GpuError{GpuErrc::Misuse, "the context was made before fork"};
    if (std::this_thread::get_id() != thread_)
        return GpuError{GpuErrc::Misuse, "the context belongs to another thread"};
    return std::monostate{};
}

ResetKind GpuContext::poll_reset() const {
    if (!caps_.robust || !api_.gl.GetGraphicsResetStatus) return ResetKind::None;
    switch (api_.gl.GetGraphicsResetStatus()) {
        case GL_NO_ERROR:
            return ResetKind::None;
        case GL_GUILTY_CONTEXT_RESET:
            return ResetKind::Guilty;
        case GL_INNOCENT_CONTEXT_RESET:
            return ResetKind::Innocent;
        default:
            return ResetKind::Unknown;
    }
}

GpuStatus GpuContext::check_errors(std::string_view during) const {
    const GLenum code = api_.gl.GetError();
    if (code == GL_NO_ERROR) return std::monostate{};
    if (code == GL_CONTEXT_LOST)
        return GpuError{GpuErrc::ContextLost, fmt::format("{}: the driver reports a loss", during),
                        ResetKind::Unknown};
    if (code == GL_OUT_OF_MEMORY) return GpuError{GpuErrc::OutOfMemory, std::string(during)};
    return GpuError{GpuErrc::Driver, fmt::format("{}: GL error {:#x}", during, code)};
}

}  // namespace kpm::render
