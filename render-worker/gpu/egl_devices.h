#pragma once
// The devices that EGL offers. Asking makes the loader open every vendor's driver, so only a worker or its
// --probe does it, never the daemon.

#include <vector>

#include "render-worker/gpu/device_id.h"
#include "render-worker/gpu/gl_api.h"

namespace kpm::render {

struct EglDevice {
    EGLDeviceEXT handle = EGL_NO_DEVICE_EXT;
    DeviceId id;
};

// Empty when the loader knows no device platform. Errors: NoDriver (no vendor library answers).
GpuResult<std::vector<EglDevice>> list_devices(const GlApi& api);

}  // namespace kpm::render
