#pragma once
// The machine's own figures on demand: no timer runs while nobody asks. Rates need two looks at the machine;
// the earlier one is that of the question before. Where that is too long ago to tell how things are, there is
// a second look a moment after the first, and the answer comes then. Who asks while another waits has asked
// ahead (a command that acts before it shows): that moment is shorter.

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "daemon/core/host_metrics.h"
#include "daemon/io/loop.h"
#include "daemon/io/timer.h"
#include "ipc/home.h"

namespace kpm::io {

class HostSampler {
public:
    explicit HostSampler(Loop& loop, ipc::Home home);

    // PM2's map, empty while `pm2:sysmonit` is "false" in the home's settings.
    void ask(std::function<void(Json)> answer);

private:
    bool is_switched_off() const;
    void look_in(std::chrono::nanoseconds time);
    void look_again();

    ipc::Home home_;
    Timer second_look_;
    core::HostSample before_;
    Json figures_;  // null: none yet
    std::vector<std::function<void(Json)>> waiting_;
};

// What the machine says at this moment.
core::HostSample sample_host();

}  // namespace kpm::io
