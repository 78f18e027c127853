#include "cli/runtime/last_resort.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <string>

#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr int kRounds = 200;
constexpr int kPause = 10'000;  // microseconds

std::string read_whole(const std::string& path) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[4096];
    for (ssize_t size; file && (size = read(file.get(), buffer, sizeof buffer)) > 0;)
        text.append(buffer, static_cast<std::size_t>(size));
    return text;
}

// Parents first, so that none of them starts another child meanwhile.
void kill_descendants(pid_t of) {
    std::error_code ignored;
    for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", of), ignored)) {
        const std::string children = read_whole(task.path().string() + "/children");
        for (const std::string_view word : split(trim(children), ' ')) {
            pid_t child = 0;
            std::from_chars(word.data(), word.data() + word.size(), child);
            if (child <= 1) continue;
            kill(child, SIGKILL);
            kill_descendants(child);
        }
    }
}

}  // namespace

void adopt_orphans() {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
}

void kill_everything() {
    for (int round = 0; round < kRounds; ++round) {
        if (getpid() == 1)
            kill(-1, SIGKILL);  // the kernel spares the caller and the first process
        else
            kill_descendants(getpid());
        pid_t ended;
        do ended = waitpid(-1, nullptr, WNOHANG);
        while (ended > 0);
        if (ended < 0 && errno == ECHILD) return;
        usleep(kPause);
    }
}

}  // namespace kpm::cli
