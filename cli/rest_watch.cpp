#include "cli/rest_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <string_view>
#include <vector>

#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

// A tree of more threads is judged by these.
constexpr int kMostThreads = 256;

// The beginning of a small file of /proc; "" when it cannot be read.
std::string_view read_small(const std::string& path, char (&buffer)[4096]) {
    const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ssize_t size = file ? read(file.get(), buffer, sizeof buffer) : -1;
    return size <= 0 ? std::string_view() : std::string_view(buffer, static_cast<std::size_t>(size));
}

// proc(5): the fields of stat behind the name, which stands in parentheses and may hold anything.
std::string_view behind_name(std::string_view stat) {
    const std::size_t end = stat.rfind(") ");
    return end == std::string_view::npos ? std::string_view() : stat.substr(end + 2);
}

// 0 = there is no such thread.
char state_in(std::string_view stat) {
    const std::string_view fields = behind_name(stat);
    return fields.empty() ? '\0' : fields.front();
}

bool is_dead(char state) {
    return state == '\0' || state == 'Z' || state == 'X';
}

// Most programs have one, and then its files are the process's own.
bool has_one_thread(std::string_view stat) {
    constexpr std::size_t kThreads = 17;  // num_threads, the 20th field; the state is the third
    std::string_view fields = behind_name(stat);
    for (std::size_t i = 0; i < kThreads; ++i)
        fields.remove_prefix(std::min(fields.size(), fields.find(' ') + 1));
    return fields.starts_with("1 ");
}

template <class Number>
Number number_in(std::string_view text) {
    Number number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::vector<pid_t> numbers_in_folder(const std::string& path) {
    std::vector<pid_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
    while (const dirent* entry = folder ? readdir(folder.get()) : nullptr) {
        if (const auto number = number_in<pid_t>(entry->d_name); number > 0) numbers.push_back(number);
    }
    return numbers;
}

struct Tree {
    bool is_busy = false;
    std::uint64_t turns = 0;
    bool is_one_thread = false;  // and nothing else
};

// The turns on a processor that a thread has had, and one for being there; 0: it is not.
std::uint64_t turns_in(std::string_view schedstat) {
    const auto counters = split(trim(schedstat), ' ');
    return schedstat.empty() ? 0 : 1 + (counters.size() > 2 ? number_in<std::uint64_t>(counters[2]) : 0);
}

// D: it waits for a disk, which is part of its work.
bool is_working(char state) {
    return state == 'R' || state == 'D';
}

// `stat`: of the root.
Tree look_at(pid_t root, std::string_view stat) {
    Tree tree;
    char buffer[4096];
    int threads = 0;
    bool is_single = has_one_thread(stat);
    for (std::vector<pid_t> left{root}; !left.empty() && threads < kMostThreads; is_single = false) {
        const pid_t process = left.back();
        const std::string tasks = fmt::format("/proc/{}/task", process);
        left.pop_back();
        for (const pid_t thread : is_single ? std::vector<pid_t>{process} : numbers_in_folder(tasks)) {
            const std::string place = fmt::format("{}/{}", tasks, thread);
            const char state = is_single ? 'S' : state_in(read_small(place + "/stat", buffer));
            if (is_dead(state)) continue;
            if (is_working(state)) return {true, 0};
            tree.turns += turns_in(read_small(place + "/schedstat", buffer));
            for (const std::string_view child : split(trim(read_small(place + "/children", buffer)), ' ')) {
                if (const auto pid = number_in<pid_t>(child); pid > 0) left.push_back(pid);
            }
            ++threads;
        }
    }
    tree.is_one_thread = threads == 1 && has_one_thread(stat);
    return tree;
}

}  // namespace

RestWatch::Sight RestWatch::look(Clock::time_point now) {
    char buffer[4096];
    // What has not had a turn since has neither woken nor made another thread or process. Not where the
    // kernel does not count them (CONFIG_SCHED_INFO): there one that is gone looks the same.
    if (is_one_thread_ && turns_ > 1u &&
        turns_ == turns_in(read_small(fmt::format("/proc/{0}/task/{0}/schedstat", root_), buffer)))
        return {.is_calm = true, .calm = now - since_};
    const std::string_view stat = read_small(fmt::format("/proc/{}/stat", root_), buffer);
    const char state = state_in(stat);
    if (is_dead(state)) {
        const bool is_hidden = state == '\0' && (kill(root_, 0) == 0 || errno == EPERM);
        return is_hidden ? Sight{.is_calm = true, .calm = Clock::duration::max()} : Sight{.is_gone = true};
    }
    const Tree tree = is_working(state) ? Tree{true, 0} : look_at(root_, stat);
    if (tree.is_busy) {
        turns_.reset();
        is_one_thread_ = false;
        return {};
    }
    is_one_thread_ = tree.is_one_thread;
    if (turns_ != tree.turns) {
        turns_ = tree.turns;
        since_ = now;
    }
    return {.is_calm = true, .calm = now - since_};
}

}  // namespace kpm::cli
