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

bool GpuBreaker::fail(const std::string& pci, int worker, TimePoint now, bool can_be_probed) {
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
        state.held_until = now + (can_be_probed ? kProbedHold : kHold);
        state.probe_at = can_be_probed ? std::optional(now + kHold) : std::nullopt;
        state.is_probed = false;
        state.failed_probes = 0;
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

std::vector<std::string> GpuBreaker::take_probes(TimePoint now) {
    std::vector<std::string> due;
    for (auto& [pci, state] : states_) {
        if (!state.probe_at || *state.probe_at > now) continue;
        state.probe_at.reset();
        state.is_probed = true;
        due.push_back(pci);
    }
    return due;
}

std::optional<TimePoint> GpuBreaker::next_probe() const {
    std::optional<TimePoint> next;
    for (const auto& [pci, state] : states_)
        if (state.probe_at) next = std::min(next.value_or(TimePoint::max()), *state.probe_at);
    return next;
}

bool GpuBreaker::probed(std::string_view pci, GpuProbeResult result, TimePoint now) {
    const auto it = states_.find(pci);
    if (it == states_.end() || !it->second.is_probed || health(pci, now) != GpuHealth::Held) return false;
    State& state = it->second;
    state.is_probed = false;
    if (result != GpuProbeResult::Fails) {
        state.held_until = now;
        return true;
    }
    if (++state.failed_probes < kProbes) {
        state.probe_at = now + kHold;
        return false;
    }
    state.is_unhealthy = true;
    return true;
}

}  // namespace kpm::core
