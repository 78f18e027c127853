// Which worker uses which GPU (gpu_placement.h decides), and what their ends tell of it (gpu_breaker.h). Apps
// without the attribute `gpu` cost nothing: the machine is looked at only when one with it is started.

#include <fmt/format.h>

#include <algorithm>

#include "daemon/core/supervisor.h"
#include "ecosystem/gpu_selection.h"

namespace kpm::core {
namespace {

// render-worker's exit codes (docs/gpu.md).
constexpr int kUnusable = 69;
constexpr int kContextLost = 75;
constexpr int kTimedOut = 76;

// Instances of an app come at once, and the machine does not change in between.
constexpr Duration kFresh{1'000};

// One that could not be killed is given up, but still has its context.
bool is_live(const Slot& slot) {
    const LifecycleData& life = slot.current.life.data();
    return has_process(life.state) || life.state == State::Backoff || life.pid != 0;
}

// A driver that does not come back takes its worker's signs of life with it, and its exit code.
bool has_hung(const Instance& instance) {
    return instance.asked && instance.asked->cause.kind == EndCause::Kind::Watchdog;
}

bool wants_cpu(const ecosystem::AppConfig& config) {
    const auto wanted = ecosystem::GpuSelection::parse(config.gpu);
    return wanted && wanted->kind == ecosystem::GpuSelection::Kind::Cpu;
}

bool is_same_kind(const SlotGpu* previous, const GpuPlacement& next) {
    return previous && previous->placement.kind == next.kind && previous->placement.pci == next.pci;
}

}  // namespace

const GpuInventory& Supervisor::gpus() {
    const TimePoint now = host_.now();
    if (!gpus_seen_ || now - *gpus_seen_ >= kFresh) {
        gpus_ = host_.gpus();
        gpus_seen_ = now;
    }
    return gpus_;
}

// Before each launch: mostly a worker stays where it was.
Result<void> Supervisor::place_on_gpu(Slot& slot) {
    if (slot.config->gpu.empty()) {
        if (!slot.gpu) return {};
        gpu_slots_.erase(slot.pm_id);
        slot.gpu.reset();
        track_memory(slot);
        return {};
    }
    std::map<std::string, unsigned, std::less<>> workers;
    for (const int pm_id : gpu_slots_) {
        const Slot& other = slots_.at(pm_id);
        if (pm_id == slot.pm_id || !other.gpu || !is_live(other)) continue;
        if (other.gpu->placement.kind == GpuPlacement::Kind::Gpu) ++workers[other.gpu->placement.pci];
    }
    const std::function<GpuHealth(std::string_view)> health = [this](std::string_view pci) {
        return gpu_breaker_.health(pci, host_.now());
    };
    static const GpuInventory kNotLookedAt;
    const bool wants_none = wants_cpu(*slot.config);
    const GpuInventory& inventory = wants_none ? kNotLookedAt : gpus();
    auto placed = place(*slot.config, {inventory, workers, health}, slot.gpu.get());
    if (!placed) return placed.error();
    if (!wants_none && !is_same_kind(slot.gpu.get(), *placed))
        host_.log(fmt::format("{} is placed on {}", log_label(slot),
                              placed->kind == GpuPlacement::Kind::Gpu        ? "GPU " + placed->pci
                              : placed->kind == GpuPlacement::Kind::Software ? "the software renderer"
                                                                             : "the CPU"));
    if (!slot.gpu) slot.gpu = std::make_unique<SlotGpu>();
    slot.gpu->placement = std::move(*placed);
    gpu_slots_.insert(slot.pm_id);
    track_memory(slot);
    return {};
}

// Before the lifecycle hears of it. Returns how long the next launch waits.
Duration Supervisor::note_gpu_end(Slot& slot, const Instance& instance, const Exited& exited) {
    const GpuPlacement& placement = slot.gpu->placement;
    const State state = instance.life.state();
    const bool was_told_to = (state == State::Stopping || state == State::Killing) && !has_hung(instance);
    if (placement.kind == GpuPlacement::Kind::Cpu || was_told_to) return Duration{0};
    const std::string& pci = placement.pci;
    if (exited.code == kUnusable)
        slot.gpu->refused.insert(placement.kind == GpuPlacement::Kind::Gpu ? pci
                                                                           : std::string(kSoftwareRenderer));
    if (placement.kind != GpuPlacement::Kind::Gpu) return Duration{0};
    if (exited.code == kContextLost || exited.code == kTimedOut || has_hung(instance)) note_gpu_loss(slot);
    return gpu_breaker_.hold(pci, host_.now());
}

// Its worker has lost it, or waits for it in vain.
void Supervisor::note_gpu_loss(const Slot& slot) {
    if (slot.gpu->placement.kind != GpuPlacement::Kind::Gpu) return;
    const std::string& pci = slot.gpu->placement.pci;
    const TimePoint now = host_.now();
    const bool can_be_probed = host_.can_probe_gpus();
    if (!gpu_breaker_.fail(pci, slot.pm_id, now, can_be_probed)) return;
    host_.log(gpu_breaker_.health(pci, now) == GpuHealth::Unhealthy
                  ? fmt::format("GPU {} was lost by several workers again: it is unhealthy, nothing is "
                                "started on it any more",
                                pci)
                  : fmt::format("GPU {} was lost by several workers at once: their restarts wait {} ms{}",
                                pci, GpuBreaker::kHold.count(),
                                can_be_probed ? ", and until it answers a probe" : ""));
}

std::optional<GpuUsage> Supervisor::gpu_usage(const Slot& slot) {
    const LifecycleData& life = slot.current.life.data();
    if (!slot.gpu || slot.gpu->placement.kind != GpuPlacement::Kind::Gpu) return std::nullopt;
    if (life.state != State::Online || life.pid == 0) return std::nullopt;
    GpuUsage usage = host_.gpu_usage(life.pid, slot.gpu->placement.pci);
    note_strays(slots_.at(slot.pm_id), usage);
    return usage;
}

// A warning, no more: NVIDIA's libraries may open others while they look for the one that is wanted.
void Supervisor::note_strays(Slot& slot, const GpuUsage& usage) {
    if (usage.others.empty()) return;
    const int pid = slot.current.life.data().pid;
    SlotGpu::Strays& strays = slot.gpu->strays;
    if (strays.pid != pid) {
        strays = {pid, {}};
        host_.log(fmt::format("{} uses GPU {}, was assigned {}", log_label(slot),
                              fmt::join(usage.others, ", "), slot.gpu->placement.pci));
    }
    strays.pcis.insert(usage.others.begin(), usage.others.end());
}

// Those whose time has come.
void Supervisor::probe_gpus() {
    const TimePoint now = host_.now();
    for (const std::string& pci : gpu_breaker_.take_probes(now)) {
        const auto user = std::ranges::find_if(gpu_slots_, [&](int pm_id) {
            const auto& gpu = slots_.at(pm_id).gpu;
            return gpu && gpu->placement.pci == pci;
        });
        if (user != gpu_slots_.end())
            host_.probe_gpu(slots_.at(*user).gpu->placement);
        else
            gpu_probed(pci, GpuProbeResult::Unknown);  // nobody waits
    }
}

void Supervisor::gpu_probed(const std::string& pci, GpuProbeResult result) {
    const TimePoint now = host_.now(), held_until = now + gpu_breaker_.hold(pci, now);
    const auto next = gpu_breaker_.next_probe();
    if (!gpu_breaker_.probed(pci, result, now)) {
        if (gpu_breaker_.next_probe() != next)
            host_.log(fmt::format("GPU {} does not answer a probe: it is asked again in {} ms", pci,
                                  GpuBreaker::kHold.count()));
        return;
    }
    const bool is_unhealthy = gpu_breaker_.health(pci, now) == GpuHealth::Unhealthy;
    host_.log(fmt::format("GPU {} {}", pci,
                          is_unhealthy
                              ? "does not answer several probes: it is unhealthy, nothing is started on "
                                "it any more"
                          : result == GpuProbeResult::Answers ? "answers a probe: its workers are started"
                                                              : "cannot be probed: its workers are started"));
    end_gpu_hold(pci, held_until);
}

// Who waits for something else, too (restart_delay), goes on waiting.
void Supervisor::end_gpu_hold(const std::string& pci, TimePoint held_until) {
    for (const int pm_id : std::set(gpu_slots_)) {
        Slot* slot = find_mutable(pm_id);
        if (!slot || !slot->gpu || slot->gpu->placement.pci != pci) continue;
        const Lifecycle& life = slot->current.life;
        if (life.state() == State::Backoff && life.deadline() == held_until)
            apply(*slot, slot->current, TimeUp{});
    }
}

// At the same times as max_memory_restart: which GPUs it has open, and its max_gpu_memory. Where the driver
// tells nothing that has no effect. True: it is restarted.
bool Supervisor::look_at_gpu(const Slot& slot) {
    const auto usage = gpu_usage(slot);
    const std::uint64_t limit = slot.config->max_gpu_memory.count;
    if (limit == 0 || !usage || usage->memory.value_or(0) <= limit) return false;
    std::string excess = fmt::format("{} bytes of GPU {}, more than its max_gpu_memory of {}", *usage->memory,
                                     slot.gpu->placement.pci, limit);
    host_.log(fmt::format("{} is restarted because it uses {}", log_label(slot), excess));
    reload(slot.pm_id, EndCause{.kind = EndCause::Kind::GpuMemory, .detail = std::move(excess)},
           [](const Result<void>&) {});
    return true;
}

bool Supervisor::has_workers_on_gpus() const {
    return std::ranges::any_of(gpu_slots_, [this](int pm_id) {
        const Slot& slot = slots_.at(pm_id);
        return slot.gpu && slot.gpu->placement.kind == GpuPlacement::Kind::Gpu &&
               has_process(slot.current.life.state());
    });
}

std::vector<GpuReport> Supervisor::gpu_report() {
    gpus_seen_.reset();  // who asks wants to know how it is now
    std::vector<GpuReport> report;
    for (const GpuDevice& device : gpus().devices)
        report.push_back({device, gpu_breaker_.health(device.pci, host_.now()), {}});
    for (const int pm_id : gpu_slots_) {
        const auto& gpu = slots_.at(pm_id).gpu;
        for (GpuReport& one : report)
            if (gpu && gpu->placement.pci == one.device.pci) one.workers.push_back(pm_id);
    }
    return report;
}

}  // namespace kpm::core
