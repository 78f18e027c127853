#include "render-worker/gpu/probe.h"

#include <fmt/format.h>

#include "ipc/base/json.h"
#include "render-worker/gpu/egl_devices.h"
#include "render-worker/gpu/gpu_context.h"

namespace kpm::render {
namespace {

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

void add_error(Json& line, const GpuError& error) {
    line["error"] = name(error.code);
    line["detail"] = error.detail;
}

// Drivers' strings are bytes; what is no UTF-8 is replaced.
std::string print(const Json& line) {
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

void describe(Json& line, const GlApi& api, const EglDevice& device) {
    line["pci"] = text_or_null(device.id.pci);
    line["uuid"] = text_or_null(device.id.uuid);
    line["render_node"] = text_or_null(device.id.render_node);
    line["software"] = device.id.software;
    auto context = GpuContext::create_on(device, api);
    if (!context) return add_error(line, context.error());
    const GpuCaps& caps = context->caps();
    line["software"] = context->device().software;
    line["renderer"] = caps.renderer;
    line["vendor"] = caps.vendor;
    line["es"] = fmt::format("{}.{}", caps.es_major, caps.es_minor);
    line["robust"] = caps.robust;
    line["precise"] = caps.precise;
}

}  // namespace

std::string probe_json_lines() {
    std::string lines;
    Json failed;
    auto api = GlApi::load();
    if (!api) {
        add_error(failed, api.error());
        return print(failed);
    }
    auto devices = list_devices(*api);
    if (!devices) {
        add_error(failed, devices.error());
        return print(failed);
    }
    for (const EglDevice& device : *devices) {
        Json line;
        describe(line, *api, device);
        lines += print(line);
    }
    return lines;
}

}  // namespace kpm::render
