#pragma once
// The EGL and OpenGL ES functions that the worker uses, found at run time: the program links neither library,
// so it starts on machines without any. A plain table of pointers, which lets a test put its own function in
// one place.

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <GLES3/gl32.h>
#define GL_GLEXT_PROTOTYPES 0
#include <GLES2/gl2ext.h>

#include "render-worker/gpu/gpu_error.h"

namespace kpm::render {

#define KPM_EGL_FUNCTIONS(X)                    \
    X(PFNEGLBINDAPIPROC, BindAPI)               \
    X(PFNEGLCHOOSECONFIGPROC, ChooseConfig)     \
    X(PFNEGLCREATECONTEXTPROC, CreateContext)   \
    X(PFNEGLDESTROYCONTEXTPROC, DestroyContext) \
    X(PFNEGLGETERRORPROC, GetError)             \
    X(PFNEGLINITIALIZEPROC, Initialize)         \
    X(PFNEGLMAKECURRENTPROC, MakeCurrent)       \
    X(PFNEGLQUERYSTRINGPROC, QueryString)       \
    X(PFNEGLTERMINATEPROC, Terminate)

// Null where the loader does not know them.
#define KPM_EGL_OPTIONAL_FUNCTIONS(X)                         \
    X(PFNEGLGETPLATFORMDISPLAYEXTPROC, GetPlatformDisplayEXT) \
    X(PFNEGLQUERYDEVICESEXTPROC, QueryDevicesEXT)             \
    X(PFNEGLQUERYDEVICESTRINGEXTPROC, QueryDeviceStringEXT)   \
    X(PFNEGLQUERYDEVICEBINARYEXTPROC, QueryDeviceBinaryEXT)

#define KPM_GL_FUNCTIONS(X)                            \
    X(PFNGLATTACHSHADERPROC, AttachShader)             \
    X(PFNGLBINDBUFFERPROC, BindBuffer)                 \
    X(PFNGLBINDBUFFERBASEPROC, BindBufferBase)         \
    X(PFNGLBUFFERDATAPROC, BufferData)                 \
    X(PFNGLBUFFERSUBDATAPROC, BufferSubData)           \
    X(PFNGLCLIENTWAITSYNCPROC, ClientWaitSync)         \
    X(PFNGLCOMPILESHADERPROC, CompileShader)           \
    X(PFNGLCREATEPROGRAMPROC, CreateProgram)           \
    X(PFNGLCREATESHADERPROC, CreateShader)             \
    X(PFNGLDELETEBUFFERSPROC, DeleteBuffers)           \
    X(PFNGLDELETEPROGRAMPROC, DeleteProgram)           \
    X(PFNGLDELETESHADERPROC, DeleteShader)             \
    X(PFNGLDELETESYNCPROC, DeleteSync)                 \
    X(PFNGLDISPATCHCOMPUTEPROC, DispatchCompute)       \
    X(PFNGLFENCESYNCPROC, FenceSync)                   \
    X(PFNGLGENBUFFERSPROC, GenBuffers)                 \
    X(PFNGLGETERRORPROC, GetError)                     \
    X(PFNGLGETINTEGERVPROC, GetIntegerv)               \
    X(PFNGLGETPROGRAMINFOLOGPROC, GetProgramInfoLog)   \
    X(PFNGLGETPROGRAMIVPROC, GetProgramiv)             \
    X(PFNGLGETSHADERINFOLOGPROC, GetShaderInfoLog)     \
    X(PFNGLGETSHADERIVPROC, GetShaderiv)               \
    X(PFNGLGETSTRINGPROC, GetString)                   \
    X(PFNGLGETUNIFORMLOCATIONPROC, GetUniformLocation) \
    X(PFNGLLINKPROGRAMPROC, LinkProgram)               \
    X(PFNGLMAPBUFFERRANGEPROC, MapBufferRange)         \
    X(PFNGLMEMORYBARRIERPROC, MemoryBarrier)           \
    X(PFNGLSHADERSOURCEPROC, ShaderSource)             \
    X(PFNGLUNIFORM1UIPROC, Uniform1ui)                 \
    X(PFNGLUNIFORM4UIPROC, Uniform4ui)                 \
    X(PFNGLUNMAPBUFFERPROC, UnmapBuffer)               \
    X(PFNGLUSEPROGRAMPROC, UseProgram)

struct GlApi {
    // EGL functions are called as egl.Initialize(…), GL functions as gl.DispatchCompute(…).
    struct Egl {
#define KPM_MEMBER(type, function) type function = nullptr;
        KPM_EGL_FUNCTIONS(KPM_MEMBER)
        KPM_EGL_OPTIONAL_FUNCTIONS(KPM_MEMBER)
    } egl;
    struct Gl {
        KPM_GL_FUNCTIONS(KPM_MEMBER)
#undef KPM_MEMBER
        // Under its core, KHR or EXT name; null where the driver reports no resets.
        PFNGLGETGRAPHICSRESETSTATUSPROC GetGraphicsResetStatus = nullptr;
        PFNGLGETUNSIGNEDBYTEI_VEXTPROC GetUnsignedBytei_vEXT = nullptr;
    } gl;

    // The library stays loaded for the rest of the process: drivers do not survive being unloaded.
    // Errors: NoLoader, NoDriver (a library without the functions of EGL 1.4).
    static GpuResult<GlApi> load(const char* library = "libEGL.so.1");
};

}  // namespace kpm::render
