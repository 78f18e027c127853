#include "daemon/core/gpu_placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "ecosystem/gpu_selection.h"

namespace kpm::core {
namespace {

using Kind = ecosystem::GpuSelection::Kind;

bool matches(const ecosystem::GpuSelection& wanted, const GpuDevice& device) {
    switch (wanted.kind) {
        case Kind::Auto:
            return true;
        case Kind::Pci:
            return device.pci == wanted.value;
        case Kind::Uuid:
            return device.uuid == wanted.value;
        case Kind::RenderNode:
            return device.render_node == wanted.value;
        case Kind::Vendor:
            return device.vendor == wanted.value;
        case Kind::Cpu:
        case Kind::Software:
            return false;
    }
    return false;
}

unsigned workers_on(const GpuScene& scene, const GpuDevice& device) {
    const auto count = scene.workers.find(device.pci);
    return count == scene.workers.end() ? 0 : count->second;
}

// Why nobody is placed there now; "" = it may be used.
std::string obstacle(const ecosystem::AppConfig& config, const GpuScene& scene, const SlotGpu* previous,
                     const GpuDevice& device) {
    if (scene.health(device.pci) == GpuHealth::Unhealthy)
        return fmt::format("{} is unhealthy, its workers lost it again and again", device.pci);
    if (previous && previous->refused.contains(device.pci))
        return fmt::format("the app cannot use {} (it exited with code 69)", device.pci);
    const unsigned workers = workers_on(scene, device);
    if (config.max_workers_per_gpu > 0 && workers >= config.max_workers_per_gpu)
        return fmt::format("{} has {} worker{} (max_workers_per_gpu)", device.pci, workers,
                           workers == 1 ? "" : "s");
    return "";
}

GpuPlacement on(const GpuDevice& device, const GpuInventory& inventory) {
    const bool is_nvidia = device.driver == "nvidia";
    return {.kind = GpuPlacement::Kind::Gpu,
            .pci = device.pci,
            .uuid = device.uuid,
            .name = device.name,
            .egl_file = is_nvidia ? inventory.nvidia_egl : inventory.mesa_egl};
}

const GpuDevice& choose(const std::vector<const GpuDevice*>& usable, const GpuScene& scene, bool packs) {
    // In the order of PCI addresses: of equals the first is taken.
    return **std::ranges::min_element(usable, {}, [&](const GpuDevice* device) {
        const auto workers = static_cast<std::int64_t>(workers_on(scene, *device));
        const std::uint64_t unfree = ~device->free_memory.value_or(0);
        return packs ? std::tuple(-workers, std::uint64_t{0}) : std::tuple(workers, unfree);
    });
}

Result<GpuPlacement> place_in_software(const GpuScene& scene, const SlotGpu* previous) {
    if (previous && previous->refused.contains(kSoftwareRenderer))
        return Error{ErrorCode::Unavailable,
                     "the app cannot use the software renderer (it exited with code 69)"};
    return GpuPlacement{.kind = GpuPlacement::Kind::Software, .egl_file = scene.inventory.mesa_egl};
}

void set_if_unset(ecosystem::Environment& env, const char* name, std::string value) {
    if (!ecosystem::find_variable(env, name)) ecosystem::set_variable(env, name, std::move(value));
}

}  // namespace

Result<GpuPlacement> place(const ecosystem::AppConfig& config, const GpuScene& scene,
                           const SlotGpu* previous) {
    const auto wanted = ecosystem::GpuSelection::parse(config.gpu);
    if (!wanted) return Error{ErrorCode::Invalid, fmt::format("no GPU matches '{}'", config.gpu)};
    if (wanted->kind == Kind::Cpu) return GpuPlacement{};
    if (wanted->kind == Kind::Software) return place_in_software(scene, previous);

    std::vector<const GpuDevice*> usable;
    std::string obstacles;
    for (const GpuDevice& device : scene.inventory.devices) {
        if (!matches(*wanted, device)) continue;
        const std::string reason = obstacle(config, scene, previous, device);
        if (reason.empty())
            usable.push_back(&device);
        else
            obstacles += (obstacles.empty() ? "" : "; ") + reason;
    }
    if (!usable.empty()) {
        const auto same = std::ranges::find_if(usable, [&](const GpuDevice* device) {
            return previous && previous->placement.pci == device->pci;
        });
        return on(same != usable.end() ? **same : choose(usable, scene, config.gpu_policy == "pack"),
                  scene.inventory);
    }
    if (wanted->kind == Kind::Auto) return GpuPlacement{};
    return Error{ErrorCode::Unavailable, fmt::format("no GPU matches '{}'{}{}", config.gpu,
                                                     obstacles.empty() ? "" : ": ", obstacles)};
}

void set_gpu_variables(ecosystem::Environment& env, const GpuPlacement& placement) {
    switch (placement.kind) {
        case GpuPlacement::Kind::Cpu:
            return set_if_unset(env, "RW_GPU", "off");
        case GpuPlacement::Kind::Software:
            set_if_unset(env, "RW_GPU", "software");
            // Several workers of it would fight over the cores.
            set_if_unset(env, "LP_NUM_THREADS", "1");
            break;
        case GpuPlacement::Kind::Gpu:
            set_if_unset(env, "RW_GPU", "pci:" + placement.pci);
            // EGL does not heed it; other libraries of the worker then agree.
            if (!placement.uuid.empty()) set_if_unset(env, "CUDA_VISIBLE_DEVICES", "GPU-" + placement.uuid);
            break;
    }
    // The other vendor's driver is not even loaded.
    if (!placement.egl_file.empty()) set_if_unset(env, "__EGL_VENDOR_LIBRARY_FILENAMES", placement.egl_file);
}

Json gpu_state(const GpuPlacement& placement) {
    switch (placement.kind) {
        case GpuPlacement::Kind::Cpu:
            return {{"kind", "cpu"}};
        case GpuPlacement::Kind::Software:
            return {{"kind", "software"}};
        case GpuPlacement::Kind::Gpu:
            break;
    }
    return {{"kind", "gpu"},
            {"pci", placement.pci},
            {"uuid", placement.uuid.empty() ? Json() : Json("GPU-" + placement.uuid)},
            {"name", placement.name}};
}

Json gpu_state(const SlotGpu& gpu, int pid) {
    Json state = gpu_state(gpu.placement);
    if (gpu.strays.pid == pid && !gpu.strays.pcis.empty()) state["also_uses"] = gpu.strays.pcis;
    return state;
}

}  // namespace kpm::core
