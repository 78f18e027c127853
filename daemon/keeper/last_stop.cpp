#include "daemon/keeper/last_stop.h"

#include <signal.h>
#include <unistd.h>

#include "daemon/keeper/clock.h"

namespace kpm::keeper {
namespace {

constexpr std::int64_t kUntilKill = 5'000;  // milliseconds
constexpr std::int64_t kAfterKill = 2'000;

void signal_all(const Children& children, int signo) {
    for (std::size_t i = 0; i < children.capacity(); ++i) {
        const Child* child = children.at(i);
        if (!child || !child->alive) continue;
        // Not reaped: neither the pid nor a group of that number can be another's.
        const bool leads_group = ::getpgid(child->pid) == child->pid;
        ::kill(leads_group ? -child->pid : child->pid, signo);
    }
}

}  // namespace

bool LastStop::go_on(const Children& children) {
    if (stage_ == Stage::None) {
        signal_all(children, SIGTERM);
        stage_ = Stage::Asked;
        due_ = now() + kUntilKill;
    } else if (now() >= due_) {
        if (stage_ == Stage::Killed) return true;
        signal_all(children, SIGKILL);
        stage_ = Stage::Killed;
        due_ = now() + kAfterKill;
    }
    return children.living() == 0;
}

int LastStop::next_step() const {
    if (!has_begun()) return 0;
    const std::int64_t wait = due_ - now();
    return wait > 0 ? static_cast<int>(wait) : 0;
}

}  // namespace kpm::keeper
