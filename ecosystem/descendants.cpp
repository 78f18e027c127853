#include "ecosystem/descendants.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

namespace kpm::ecosystem {
namespace {

// Each round ends what the last one's dead have left to us; who forks faster than that is let go.
constexpr int kMostRounds = 100;

std::vector<pid_t> children_of(pid_t process) {
    std::vector<pid_t> children;
    std::error_code error;
    const std::filesystem::path tasks = "/proc/" + std::to_string(process) + "/task";
    for (std::filesystem::directory_iterator thread(tasks, error), end; !error && thread != end;
         thread.increment(error)) {
        std::ifstream list(thread->path() / "children");
        for (pid_t child = 0; list >> child;) children.push_back(child);
    }
    return children;
}

}  // namespace

Descendants::Descendants() {
    for (const pid_t child : children_of(::getpid())) others_.insert(child);
    ::prctl(PR_GET_CHILD_SUBREAPER, &was_adopting_);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

Descendants::~Descendants() {
    ::prctl(PR_SET_CHILD_SUBREAPER, was_adopting_);
}

void Descendants::kill() {
    for (int round = 0; round < kMostRounds; ++round) {
        std::vector<pid_t> all;
        for (const pid_t child : children_of(::getpid()))
            if (!others_.contains(child)) all.push_back(child);
        if (all.empty()) return;
        const std::size_t own = all.size();
        for (std::size_t i = 0; i < all.size(); ++i)
            for (const pid_t child : children_of(all[i])) all.push_back(child);
        for (const pid_t pid : all) ::kill(pid, SIGKILL);
        for (std::size_t i = 0; i < own; ++i)
            while (::waitpid(all[i], nullptr, 0) < 0 && errno == EINTR) continue;
    }
}

}  // namespace kpm::ecosystem
