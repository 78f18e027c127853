#include "daemon/keeper/reaper.h"

#include <ctime>
#include <initializer_list>

namespace kpm::keeper {

std::int64_t Reaper::now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000 + time.tv_nsec / 1000;
}

int Reaper::next_look() const {
    std::int64_t earliest = -1;
    for (const Look* look : {&unwatched_, &orphans_}) {
        if (look->is_asked && (earliest < 0 || look->earliest < earliest)) earliest = look->earliest;
    }
    if (earliest < 0) return -1;
    const std::int64_t wait = earliest - now();
    return wait > 0 ? static_cast<int>((wait + 999) / 1000) : 0;
}

bool wait_for(idtype_t which, pid_t pid, Ended& ended) {
    siginfo_t info{};
    const int whose = which == P_ALL ? __WNOTHREAD : 0;
    if (::waitid(which, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | whose) != 0 || info.si_pid == 0)
        return false;
    const bool exited = info.si_code == CLD_EXITED;
    ended = {info.si_pid, exited ? info.si_status : -1, exited ? 0 : info.si_status};
    return true;
}

}  // namespace kpm::keeper
