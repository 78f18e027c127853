#pragma once
// What NVIDIA's GPUs do and what each process uses of them, told by kpm-gpu-monitor: a program of its own,
// because NVIDIA's library may hang or crash. The keeper starts it when somebody asks on a machine with that
// driver, and it is ended when nobody has asked for a while: what is open in the driver keeps a GPU from
// being reset. One that does not answer in time is killed; nobody is started in its place before it has
// ended, nor within a pause that grows with each failure. Until then there are no figures.
//
// Driven by the control loop; nothing here waits. The owner of the KeeperLink passes on what the keeper says
// of these processes.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/gpu_monitor_line.h"
#include "daemon/io/keeper_link.h"
#include "daemon/io/timer.h"

namespace kpm::io {

class GpuMonitor {
public:
    // `mark_name`: a variable of the daemon's that the program does not get. `log`: told why there are no
    // figures, once for the same reason.
    GpuMonitor(Loop& loop, std::string mark_name, std::function<void(std::string_view)> log);
    ~GpuMonitor();

    // Asks for new figures, unless those that are known are of this second. `done` is called once, when they
    // are there or will not come: at once, or after some seconds.
    void refresh(KeeperLink& keeper, std::function<void()> done);

    // As of the last answer, if that is not too old.
    core::GpuUsage usage(pid_t pid, std::string_view pci) const;
    void add_readings(core::GpuInventory& inventory) const;
    void forget(pid_t pid);

    // The keeper's news; false: of a process that is none of these.
    bool spawned(KeeperChild& child);
    bool spawn_failed(std::uint64_t token, keeper::SpawnStage stage, int error_number);
    bool exited(KeeperLink& keeper, const KeeperExit& exit);

private:
    using Clock = std::chrono::steady_clock;
    struct Program;

    bool knows_since(Clock::duration age) const;
    Result<void> start(KeeperLink& keeper);
    void take(std::string_view bytes);
    void take_line(std::string_view line);
    void fail(const std::string& reason);
    void end_program();
    void answer();

    Loop& loop_;
    std::string mark_name_;
    std::function<void(std::string_view)> log_;
    std::unique_ptr<Program> program_;           // null: none runs
    std::set<std::uint64_t> ending_;             // tokens of those that are killed and have not ended yet
    std::vector<std::function<void()>> asking_;  // not empty, or is_asked_: an answer is awaited
    bool is_asked_ = false;
    Timer patience_, rest_;
    core::GpuFiguresByPci figures_;
    Clock::time_point figures_at_{};
    Clock::time_point next_start_{};
    std::chrono::milliseconds pause_{0};  // after the next failure
    std::string last_reason_;
    std::uint64_t next_token_;
};

}  // namespace kpm::io
