#include "render-worker/gpu/egl_devices.h"

#include <array>

namespace kpm::render {
namespace {

DeviceId identify(const GlApi& api, EGLDeviceEXT device) {
    DeviceId id;
    const auto string = [&](EGLint what) {
        const char* text = api.egl.QueryDeviceStringEXT(device, what);
        return std::string(text ? text : "");
    };
    const std::string extensions = string(EGL_EXTENSIONS);
    const auto has = [&](std::string_view extension) { return has_extension(extensions.c_str(), extension); };
    id.software = has("EGL_MESA_device_software");
    if (has("EGL_EXT_device_drm_render_node")) id.render_node = string(EGL_DRM_RENDER_NODE_FILE_EXT);
    if (has("EGL_EXT_device_persistent_id") && api.egl.QueryDeviceBinaryEXT) {
        std::array<unsigned char, 16> bytes{};
        EGLint size = 0;
        if (api.egl.QueryDeviceBinaryEXT(device, EGL_DEVICE_UUID_EXT, static_cast<EGLint>(bytes.size()),
                                         bytes.data(), &size) &&
            size == static_cast<EGLint>(bytes.size()))
            id.uuid = uuid_text(bytes);
    }
    if (!id.render_node.empty()) id.pci = pci_of_render_node("/", id.render_node);
    if (id.pci.empty() && !id.uuid.empty()) id.pci = pci_of_nvidia_uuid("/", id.uuid);
    return id;
}

}  // namespace

GpuResult<std::vector<EglDevice>> list_devices(const GlApi& api) {
    const char* client = api.egl.QueryString(EGL_NO_DISPLAY, EGL_EXTENSIONS);
    const bool device_platform = has_extension(client, "EGL_EXT_platform_device");
    const bool surfaceless = has_extension(client, "EGL_MESA_platform_surfaceless");
    if (!device_platform && !surfaceless)
        return GpuError{GpuErrc::NoDriver, "no EGL driver offers a display without a window"};

    const bool can_list = has_extension(client, "EGL_EXT_device_base") ||
                          (has_extension(client, "EGL_EXT_device_enumeration") &&
                           has_extension(client, "EGL_EXT_device_query"));
    std::vector<EglDevice> devices;
    if (!device_platform || !can_list || !api.egl.QueryDevicesEXT || !api.egl.QueryDeviceStringEXT)
        return devices;
    EGLint count = 0;
    if (!api.egl.QueryDevicesEXT(0, nullptr, &count) || count <= 0) return devices;
    std::vector<EGLDeviceEXT> handles(static_cast<std::size_t>(count));
    if (!api.egl.QueryDevicesEXT(count, handles.data(), &count)) return devices;
    handles.resize(static_cast<std::size_t>(count));
    for (EGLDeviceEXT handle : handles) devices.push_back({handle, identify(api, handle)});
    return devices;
}

}  // namespace kpm::render
