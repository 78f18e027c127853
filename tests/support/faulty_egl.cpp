// A libEGL.so.1 that stands before the system's (LD_LIBRARY_PATH) and injects faults of a GPU. Everything
// goes through to the real library, until the file that FAULTY_EGL_ORDER names is there: the process that
// removes it first obeys it, for the rest of its life, and its neighbours stay well. What may stand in it:
//   guilty, innocent, unknown   the context is lost by a reset of that kind
//   hang                        fences never pass, each wait ends by its own time limit (without the wait)
//   stuck                       a wait for a fence does not come back at all
//   memory                      buffers cannot be had
#include <EGL/egl.h>
#include <GLES3/gl32.h>

#include <dlfcn.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum class Fault { None, Guilty, Innocent, Unknown, Hang, Stuck, Memory };

// Used by the one thread that has the context.
Fault g_fault = Fault::None;
bool g_out_of_memory = false;

template <class Function>
Function real(const char* name) {
    static void* const library = dlopen(KPM_REAL_EGL, RTLD_NOW | RTLD_LOCAL);
    static const auto find = reinterpret_cast<PFNEGLGETPROCADDRESSPROC>(dlsym(library, "eglGetProcAddress"));
    auto function = reinterpret_cast<void (*)()>(find(name));
    if (!function) function = reinterpret_cast<void (*)()>(dlsym(library, name));
    return reinterpret_cast<Function>(function);
}

void take_order() {
    const char* const path = std::getenv("FAULTY_EGL_ORDER");
    if (!path || g_fault != Fault::None) return;
    std::FILE* const file = std::fopen(path, "r");
    if (!file) return;
    char word[32] = {};
    const bool has_word = std::fscanf(file, "%31s", word) == 1;
    std::fclose(file);
    if (!has_word || ::unlink(path) != 0) return;
    const char* const words[] = {"none", "guilty", "innocent", "unknown", "hang", "stuck", "memory"};
    for (int i = 0; i < 7; ++i)
        if (std::strcmp(word, words[i]) == 0) g_fault = static_cast<Fault>(i);
}

GLenum GL_APIENTRY reset_status() {
    switch (g_fault) {
        case Fault::Guilty:
            return GL_GUILTY_CONTEXT_RESET;
        case Fault::Innocent:
            return GL_INNOCENT_CONTEXT_RESET;
        case Fault::Unknown:
            return GL_UNKNOWN_CONTEXT_RESET;
        case Fault::None:
        case Fault::Hang:
        case Fault::Stuck:
        case Fault::Memory:
            break;
    }
    return real<PFNGLGETGRAPHICSRESETSTATUSPROC>("glGetGraphicsResetStatus")();
}

GLsync GL_APIENTRY fence_sync(GLenum condition, GLbitfield flags) {
    take_order();
    return real<PFNGLFENCESYNCPROC>("glFenceSync")(condition, flags);
}

GLenum GL_APIENTRY client_wait_sync(GLsync sync, GLbitfield flags, GLuint64 timeout) {
    while (g_fault == Fault::Stuck) ::pause();
    if (g_fault == Fault::Hang) return GL_TIMEOUT_EXPIRED;
    return real<PFNGLCLIENTWAITSYNCPROC>("glClientWaitSync")(sync, flags, timeout);
}

void GL_APIENTRY buffer_data(GLenum target, GLsizeiptr size, const void* data, GLenum usage) {
    take_order();
    g_out_of_memory = g_fault == Fault::Memory;
    if (!g_out_of_memory) real<PFNGLBUFFERDATAPROC>("glBufferData")(target, size, data, usage);
}

GLenum GL_APIENTRY get_error() {
    if (g_out_of_memory) {
        g_out_of_memory = false;
        return GL_OUT_OF_MEMORY;
    }
    return real<PFNGLGETERRORPROC>("glGetError")();
}

struct Replaced {
    const char* name;
    __eglMustCastToProperFunctionPointerType function;
};

template <class Function>
Replaced replaced(const char* name, Function function) {
    return {name, reinterpret_cast<__eglMustCastToProperFunctionPointerType>(function)};
}

}  // namespace

extern "C" __eglMustCastToProperFunctionPointerType EGLAPIENTRY eglGetProcAddress(const char* name) {
    static const Replaced all[] = {
        replaced("glGetGraphicsResetStatus", reset_status),
        replaced("glFenceSync", fence_sync),
        replaced("glClientWaitSync", client_wait_sync),
        replaced("glBufferData", buffer_data),
        replaced("glGetError", get_error),
    };
    for (const Replaced& one : all)
        if (std::strcmp(one.name, name) == 0) return one.function;
    return real<__eglMustCastToProperFunctionPointerType>(name);
}
