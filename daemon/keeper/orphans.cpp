#include "daemon/keeper/orphans.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "daemon/keeper/clock.h"
#include "daemon/keeper/reaper.h"

namespace kpm::keeper {
namespace {

constexpr std::int64_t kRest = 100;          // times what a look took
constexpr std::int64_t kLongestRest = 1000;  // milliseconds

}  // namespace

int Orphans::open() {
    asked_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    finished_.reset(asked_ ? ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1);
    return finished_ ? 0 : errno;
}

void Orphans::post(int event) {
    const std::uint64_t one = 1;
    // Fails when it has been posted 2^64 - 2 times unheard.
    [[maybe_unused]] const ssize_t written = ::write(event, &one, sizeof one);
}

bool Orphans::is_finished_within(int milliseconds) {
    pollfd finished{finished_.get(), POLLIN, 0};
    return ::poll(&finished, 1, milliseconds) > 0;
}

void Orphans::collect() {
    while (true) {
        pollfd events[] = {{asked_.get(), POLLIN, 0}, {finished_.get(), POLLIN, 0}};
        ::poll(events, 2, -1);
        if (events[1].revents != 0) return;
        std::uint64_t count;
        if (::read(asked_.get(), &count, sizeof count) != sizeof count) continue;
        const std::int64_t begin = now();
        Ended ended;
        while (wait_for(P_ALL, 0, ended)) continue;
        const std::int64_t rest = std::min((now() - begin) * kRest, kLongestRest);
        if (is_finished_within(static_cast<int>(rest))) return;
    }
}

}  // namespace kpm::keeper
