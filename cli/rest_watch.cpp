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

// proc(5), /proc/PID/schedstat: what a thread has had of the processors.
struct Turns {
    std::uint64_t time = 0;   // ns, as of the end of its last turn or an interrupt in this one
    std::uint64_t count = 0;  // 0 where the kernel does not count (CONFIG_SCHED_INFO)
};

Turns turns_in(std::string_view schedstat) {
    const auto fields = split(trim(schedstat), ' ');
    if (fields.size() < 3) return {};
    return {number_in<std::uint64_t>(fields[0]), number_in<std::uint64_t>(fields[2])};
}

// D: it waits for a disk, which is part of its work.
bool is_working(char state) {
    return state == 'R' || state == 'D';
}

std::string place_of(pid_t process, pid_t thread) {
    return fmt::format("/proc/{}/task/{}", process, thread);
}

struct Thread {
    Turns turns;
    char state = '\0';
    bool is_only = false;  // the only one of its process
};

// Who sleeps at two looks, and has had the same turns, has slept in between. The turns are read before the
// state: the other way round it may have woken between the two, and sleep another time by the next look. And
// their time is needed besides their count: in the kernel a thread that is about to wait, or that reaps a
// child, has the state of a sleeper in the midst of its turn.
Thread look_at_thread(const std::string& place) {
    char buffer[4096];
    Thread thread;
    thread.turns = turns_in(read_small(place + "/schedstat", buffer));
    const std::string_view stat = read_small(place + "/stat", buffer);
    thread.state = state_in(stat);
    thread.is_only = has_one_thread(stat);
    return thread;
}

struct Tree {
    bool is_busy = false;
    std::uint64_t turns = 0;  // a sum over all threads that differs when one has had another turn
    bool is_one_thread = false;
};

std::uint64_t mixed(std::uint64_t bits) {  // MurmurHash3's finalizer
    bits = (bits ^ (bits >> 33)) * 0xff51afd7ed558ccdULL;
    bits = (bits ^ (bits >> 33)) * 0xc4ceb9fe1a85ec53ULL;
    return bits ^ (bits >> 33);
}

// Threads come and go: a mere sum of turns would be the same when one has gone and another had as many.
std::uint64_t mixed(pid_t thread, const Turns& turns) {
    return mixed(mixed(mixed(static_cast<std::uint64_t>(thread)) + turns.time) + turns.count);
}

// `main`: the root's main thread.
Tree look_at(pid_t root, const Thread& main) {
    Tree tree;
    char buffer[4096];
    int threads = 0;
    for (std::vector<pid_t> left{root}; !left.empty() && threads < kMostThreads;) {
        const pid_t process = left.back();
        const bool is_known = process == root && main.is_only;
        left.pop_back();
        for (const pid_t id :
             is_known ? std::vector<pid_t>{root} : numbers_in_folder(fmt::format("/proc/{}/task", process))) {
            const std::string place = place_of(process, id);
            const Thread thread = is_known ? main : look_at_thread(place);
            if (is_dead(thread.state)) continue;
            if (is_working(thread.state)) return {.is_busy = true};
            tree.turns += mixed(id, thread.turns);
            for (const std::string_view child : split(trim(read_small(place + "/children", buffer)), ' ')) {
                if (const auto pid = number_in<pid_t>(child); pid > 0) left.push_back(pid);
            }
            ++threads;
        }
    }
    tree.is_one_thread = threads == 1 && main.is_only;
    return tree;
}

}  // namespace

RestWatch::Sight RestWatch::look(Clock::time_point now) {
    const Thread main = look_at_thread(place_of(root_, root_));
    if (is_dead(main.state)) {
        const bool is_hidden = main.state == '\0' && (kill(root_, 0) == 0 || errno == EPERM);
        return is_hidden ? Sight{.is_calm = true, .calm = Clock::duration::max()} : Sight{.is_gone = true};
    }
    // What still sleeps has made no other thread or process. Not where the kernel does not count turns
    // (CONFIG_SCHED_INFO).
    const std::uint64_t main_turns = mixed(root_, main.turns);
    if (is_one_thread_ && !is_working(main.state) && main.turns.count > 0 && main_turns == main_turns_)
        return {.is_calm = true, .calm = now - since_};
    const Tree tree = is_working(main.state) ? Tree{.is_busy = true} : look_at(root_, main);
    main_turns_ = main_turns;
    if (tree.is_busy) {
        turns_.reset();
        is_one_thread_ = false;
        return {};
    }
    is_one_thread_ = tree.is_one_thread;
    if (turns_ != tree.turns) {
        turns_ = tree.turns;
        since_ = Clock::now();  // a look takes a while, longer without a processor
        return {.is_calm = true};
    }
    return {.is_calm = true, .calm = now - since_};
}

}  // namespace kpm::cli
