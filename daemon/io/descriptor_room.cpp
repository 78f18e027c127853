#include "daemon/io/descriptor_room.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace kpm::io {

void make_descriptor_room() {
    constexpr rlim_t kRoom = 4096;  // 32 KiB of the kernel's memory
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    // The table is as large as its highest descriptor has asked for, and stays so.
    const auto highest = static_cast<int>(std::min(limit.rlim_cur, kRoom)) - 1;
    const int made = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, highest);
    if (made >= 0) ::close(made);
}

}  // namespace kpm::io
