#include "tests/support/container.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::test {
namespace {

namespace fs = std::filesystem;

// Inside the new namespaces: the machine's own root, made read-only, is what the container runs on.
constexpr const char* kSetUp = R"(set -e
mount --make-rprivate /
mount --rbind / "$1/root"
mount -o remount,bind,ro "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=1777 tmp "$1/root/tmp"
mount --bind "$2" "$1/root/mnt"
mount --bind "$1/srv" "$1/root/srv"
folder=$1; shift 2
exec chroot "$folder/root" "$@" >"$folder/out" 2>"$folder/err"
)";

constexpr const char* kFilter = ".container_filter";  // in /srv
constexpr const char* kPath = "PATH=/mnt:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string whole(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

}  // namespace

Container::Container() : Container(Options{}) {}

Container::Container(Options options) : options_(std::move(options)) {
    for (const char* name : {"root", "srv"}) fs::create_directory(folder_.path() / name);
    fs::permissions(folder_.path(), fs::perms{0755});
    fs::permissions(folder_.path() / "srv", fs::perms{0777});
    fs::copy_file(KPM_CONTAINER_FILTER, folder_.path() / "srv" / kFilter);
}

Container::~Container() {
    if (first_ > 0 && is_running()) ::kill(first_, SIGKILL);
    if (wait(std::chrono::seconds{30}) == kLateStatus) std::abort();  // a process outlives its namespace
}

void Container::write(const std::string& name, const std::string& text) const {
    const fs::path path = folder_.path() / "srv" / name;
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms{0755});
}

std::string Container::read(const std::string& name) const {
    return whole(folder_.path() / "srv" / name);
}

std::string Container::out() const {
    return whole(folder_.path() / "out");
}

std::string Container::err() const {
    return whole(folder_.path() / "err");
}

// With the container's environment and user, and the sanitizers' settings of this one.
std::vector<std::string> Container::entering(std::vector<std::string> argv) const {
    std::vector<std::string> words{std::string("/srv/") + kFilter};
    if (options_.has_old_engine) words.emplace_back("--old");
    if (options_.uid != 0) {
        const std::string id = std::to_string(options_.uid);
        words.insert(words.end(), {"setpriv", "--reuid", id, "--regid", id, "--clear-groups"});
    }
    words.insert(words.end(), {"env", "-i", "-C", "/srv", kPath});
    for (const char* name : {"ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"})
        if (const char* value = std::getenv(name)) words.push_back(std::string(name) + "=" + value);
    words.insert(words.end(), options_.env.begin(), options_.env.end());
    words.insert(words.end(), argv.begin(), argv.end());
    return words;
}

void Container::start(std::vector<std::string> argv) {
    std::vector<std::string> words{"unshare",
                                   "--pid",
                                   "--mount",
                                   "--fork",
                                   "--kill-child",
                                   "sh",
                                   "-c",
                                   kSetUp,
                                   "sh",
                                   folder_.path().string(),
                                   bin_dir().string()};
    for (std::string& word : entering(std::move(argv))) words.push_back(std::move(word));
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    const std::string trouble = (folder_.path() / "trouble").string();
    ::posix_spawn_file_actions_addopen(&actions, 2, trouble.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const int failure = ::posix_spawnp(&outer_, "unshare", &actions, nullptr, pointers.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw std::runtime_error("cannot start 'unshare'");
    const std::string children =
        "/proc/" + std::to_string(outer_) + "/task/" + std::to_string(outer_) + "/children";
    const bool is_there = eventually([&] {
        std::ifstream(children) >> first_;
        return first_ > 0 && !whole("/proc/" + std::to_string(first_) + "/cmdline").empty();
    });
    if (!is_there)
        throw std::runtime_error("there are no namespaces for processes and mounts here: " + whole(trouble));
}

void Container::signal(int signo) const {
    ::kill(first_, signo);
}

bool Container::is_running() {
    return wait(std::chrono::milliseconds{0}) == kLateStatus;
}

int Container::wait(std::chrono::milliseconds limit) {
    eventually(
        [&] {
            int status = 0;
            if (outer_ == 0 || ::waitpid(outer_, &status, WNOHANG) != outer_) return outer_ == 0;
            outer_ = 0;
            status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            return true;
        },
        limit);
    return outer_ == 0 ? status_ : kLateStatus;
}

CommandResult Container::exec(std::vector<std::string> argv) const {
    std::vector<std::string> words{"nsenter", "--target", std::to_string(first_),
                                   "--mount", "--pid",    "--root"};
    for (std::string& word : entering(std::move(argv))) words.push_back(std::move(word));
    return run_command(words);
}

}  // namespace kpm::test
