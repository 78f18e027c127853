#pragma once
// Asks whether a GPU answers, by a `render-worker --probe` that the keeper starts: it opens every driver, and
// may hang or crash with one. Killed when it takes longer than core::GpuBreaker::kProbeLimit.
//
// Driven by the control loop. The owner of the KeeperLink passes on what the keeper says of these processes.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/core/gpu_placement.h"
#include "daemon/core/gpu_probe.h"
#include "daemon/io/keeper_link.h"

namespace kpm::io {

class GpuProbes {
public:
    // Once for each question, never from within one.
    using Answer = std::function<void(const std::string& pci, core::GpuProbeResult result)>;

    GpuProbes(Loop& loop, std::string mark_name, Answer answer);
    ~GpuProbes();

    // There is such a program, beside kpmd or where the package puts it.
    static bool can_ask();
    void ask(KeeperLink& keeper, const core::GpuPlacement& gpu);

    // The keeper's news; false: of a process that is none of these.
    bool spawned(KeeperChild& child);
    bool spawn_failed(std::uint64_t token);
    bool exited(KeeperLink& keeper, const KeeperExit& exit);

private:
    struct Question;

    bool start(KeeperLink& keeper, Question& question, std::uint64_t token);

    Loop& loop_;
    std::string mark_name_;
    Answer answer_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Question>> open_;  // by token
    std::uint64_t next_token_;
};

}  // namespace kpm::io
