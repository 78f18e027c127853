#include "render-worker/gpu/gl_api.h"

#include <dlfcn.h>

#include <fmt/format.h>

namespace kpm::render {
namespace {

class Resolver {
public:
    explicit Resolver(void* library)
        : library_(library),
          get_proc_address_(reinterpret_cast<PFNEGLGETPROCADDRESSPROC>(dlsym(library, "eglGetProcAddress"))) {
    }

    bool works() const { return get_proc_address_ != nullptr; }

    template <class Function>
    void find(const char* name, Function& function) const {
        void* symbol = reinterpret_cast<void*>(get_proc_address_(name));
        // Before EGL 1.5 eglGetProcAddress need not know EGL's own functions.
        if (!symbol) symbol = dlsym(library_, name);
        function = reinterpret_cast<Function>(symbol);
    }

    template <class Function>
    void require(const char* name, Function& function) {
        find(name, function);
        if (!function && missing_.empty()) missing_ = name;
    }

    const std::string& missing() const { return missing_; }

private:
    void* library_;
    PFNEGLGETPROCADDRESSPROC get_proc_address_;
    std::string missing_;
};

}  // namespace

GpuResult<GlApi> GlApi::load(const char* library) {
    void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char* reason = dlerror();
        return GpuError{GpuErrc::NoLoader,
                        fmt::format("cannot load '{}': {}", library, reason ? reason : "unknown")};
    }
    Resolver resolver(handle);
    if (!resolver.works())
        return GpuError{GpuErrc::NoLoader, fmt::format("'{}' is not an EGL library", library)};

    GlApi api;
#define KPM_REQUIRE_EGL(type, function) resolver.require("egl" #function, api.egl.function);
#define KPM_FIND_EGL(type, function) resolver.find("egl" #function, api.egl.function);
#define KPM_REQUIRE_GL(type, function) resolver.require("gl" #function, api.gl.function);
    KPM_EGL_FUNCTIONS(KPM_REQUIRE_EGL)
    KPM_EGL_OPTIONAL_FUNCTIONS(KPM_FIND_EGL)
    KPM_GL_FUNCTIONS(KPM_REQUIRE_GL)
#undef KPM_REQUIRE_EGL
#undef KPM_FIND_EGL
#undef KPM_REQUIRE_GL
    for (const char* name :
         {"glGetGraphicsResetStatus", "glGetGraphicsResetStatusKHR", "glGetGraphicsResetStatusEXT"})
        if (!api.gl.GetGraphicsResetStatus) resolver.find(name, api.gl.GetGraphicsResetStatus);
    resolver.find("glGetUnsignedBytei_vEXT", api.gl.GetUnsignedBytei_vEXT);

    if (!resolver.missing().empty())
        return GpuError{GpuErrc::NoDriver, fmt::format("'{}' has no {}", library, resolver.missing())};
    return api;
}

}  // namespace kpm::render
