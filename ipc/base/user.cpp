#include "ipc/base/user.h"

#include <fcntl.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>

#include "ipc/base/unique_fd.h"

namespace kpm {
namespace {

using Wanted = std::function<bool(const passwd&)>;

struct CloseFile {
    void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

std::optional<User> find_in(FILE* file, const Wanted& wanted) {
    std::array<char, 16384> text;
    passwd entry{};
    passwd* found = nullptr;
    // A line that is too long ends it as well: it would be read again and again.
    while (::fgetpwent_r(file, &entry, text.data(), text.size(), &found) == 0)
        if (wanted(entry)) return User{entry.pw_name, entry.pw_dir, entry.pw_uid, entry.pw_gid};
    return std::nullopt;
}

std::optional<User> ask_getent(const std::string& key, const Wanted& wanted) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string words[] = {"getent", "passwd", "--", key};
    char* const argv[] = {words[0].data(), words[1].data(), words[2].data(), words[3].data(), nullptr};
    pid_t pid = 0;
    const bool is_running = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv, environ) == 0;
    ::posix_spawn_file_actions_destroy(&actions);
    writing.reset();
    if (!is_running) return std::nullopt;
    std::optional<User> user;
    if (const File file{::fdopen(::dup(reading.get()), "re")}) user = find_in(file.get(), wanted);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return user;
}

std::optional<User> find(const std::string& key, const Wanted& wanted) {
    if (const File file{std::fopen("/etc/passwd", "re")})
        if (auto user = find_in(file.get(), wanted)) return user;
    return ask_getent(key, wanted);
}

}  // namespace

std::optional<User> find_user(uid_t uid) {
    return find(std::to_string(uid), [uid](const passwd& entry) { return entry.pw_uid == uid; });
}

std::optional<User> find_user(const std::string& name) {
    return find(name, [&name](const passwd& entry) { return name == entry.pw_name; });
}

}  // namespace kpm
