#pragma once
// What the failures of single workers tell of the GPU that they use. Pure.
//
// One worker that has lost its context may have done so by itself. Several at once have lost the device: a
// reset hits every context on it, and starting all anew at once would find it still in that reset. So
//   healthy ── two different workers fail within 10 s ──▶ held: restarts wait 5 s
//   held ── 5 s ──▶ on probation for a minute ── two fail again ──▶ unhealthy: nobody is placed there
//                          └── otherwise ──▶ healthy
// Failures while it is held are the same event's, and say nothing new. An unhealthy GPU stays so until this
// daemon is replaced (kpm update).
//
// Where a GPU can be probed, by a process that makes a context on it and ends, it is held until it answers:
//   held ── 5 s ──▶ probe ── answers, or nobody can tell ──▶ on probation
//                     └── fails ── 5 s ──▶ probe ── fails ──▶ unhealthy

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/gpu_probe.h"
#include "daemon/core/time.h"

namespace kpm::core {

enum class GpuHealth { Healthy, Held, Unhealthy };

std::string_view to_text(GpuHealth health);

class GpuBreaker {
public:
    static constexpr Duration kWindow{10'000};
    static constexpr Duration kHold{5'000};
    static constexpr Duration kProbation{60'000};   // from the end of the hold on
    static constexpr std::size_t kWorkers = 2;      // that fail within the window
    static constexpr Duration kProbeLimit{10'000};  // for an answer; then it has failed
    static constexpr int kProbes = 2;               // that fail in turn
    // A hold ends even when what was asked is never answered.
    static constexpr Duration kProbedHold = kProbes * (kHold + kProbeLimit) + Duration{1'000};

    // A worker on the GPU lost its context, or waited for it in vain. True: that has changed its health.
    bool fail(const std::string& pci, int worker, TimePoint now, bool can_be_probed = false);

    GpuHealth health(std::string_view pci, TimePoint now) const;
    // How long a restart on it waits; 0 = not at all.
    Duration hold(std::string_view pci, TimePoint now) const;

    // GPUs that are to be probed now; each is told once.
    std::vector<std::string> take_probes(TimePoint now);
    // When there will be one.
    std::optional<TimePoint> next_probe() const;
    // A probe's result. True: the hold is over, health() says how. An answer that nobody waits for any more
    // says nothing.
    bool probed(std::string_view pci, GpuProbeResult result, TimePoint now);

private:
    struct Failure {
        int worker = 0;
        TimePoint at{};
    };
    struct State {
        std::vector<Failure> recent;  // within the window, the newest of each worker
        TimePoint held_until{};       // a time before the first hold: never held
        bool was_held = false;
        bool is_unhealthy = false;
        std::optional<TimePoint> probe_at;  // the next one
        bool is_probed = false;             // its answer is awaited
        int failed_probes = 0;              // of this hold
    };
    std::map<std::string, State, std::less<>> states_;  // of GPUs on which something has failed
};

}  // namespace kpm::core
