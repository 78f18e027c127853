#include "daemon/core/gpu_breaker.h"

#include <algorithm>

namespace kpm::core {

std::string_view to_text(GpuHealth health) {
    switch (health) {
        case GpuHealth::Healthy:
            return "healthy";
        case GpuHealth::Held:
            return "held";
        case GpuHealth::Unhealthy:
            return "unhealthy";
    }
    return "";
}

bool GpuBreaker::fail(const std::string& pci, int worker, TimePoint now) {
    State& state = states_[pci];
    if (health(pci, now) != GpuHealth::Healthy) return false;
    std::erase_if(state.recent, [&](const Failure& failure) {
        return failure.worker == worker || now - failure.at >= kWindow;
    });
    state.recent.push_back({worker, now});
    if (state.recent.size() < kWorkers) return false;
    state.recent.clear();
    if (state.was_held && now - state.held_until < kProbation) {
        state.is_unhealthy = true;
    } else {
        state.was_held = true;
        state.held_until = now + kHold;
    }
    return true;
}

GpuHealth GpuBreaker::health(std::string_view pci, TimePoint now) const {
    const auto it = states_.find(pci);
    if (it == states_.end()) return GpuHealth::Healthy;
    if (it->second.is_unhealthy) return GpuHealth::Unhealthy;
    return hold(pci, now) > Duration{0} ? GpuHealth::Held : GpuHealth::Healthy;
}

Duration GpuBreaker::hold(std::string_view pci, TimePoint now) const {
    const auto it = states_.find(pci);
    if (it == states_.end() || it->second.is_unhealthy || !it->second.was_held) return Duration{0};
    return std::max(it->second.held_until - now, Duration{0});
}

}  // namespace kpm::core
