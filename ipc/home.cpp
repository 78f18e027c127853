#include "ipc/home.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "ipc/base/user.h"

namespace kpm::ipc {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;

std::optional<std::string> user_directory_by_password_file() {
    if (auto user = find_user(::geteuid())) return std::move(user->directory);
    return std::nullopt;
}

// Where there is no home, or one that cannot be written: a container's user, a read-only root. The same for
// every program of a user, whatever its environment.
fs::path fallback_root() {
    return fmt::format("/tmp/.kpm-{}", ::geteuid());
}

// Whether the home is there and can be written, or the folder that it would be made in can. That folder, the
// user's, is not made: accounts that have none have one like /nonexistent in the password file.
bool can_be_made(const fs::path& path) {
    std::error_code ignored;
    const fs::path there = fs::exists(path, ignored) ? path : path.parent_path();
    return ::eaccess(there.c_str(), W_OK | X_OK) == 0;
}

// Everybody may lay something in /tmp, also a daemon that waits for what a client tells it.
Result<void> check_owner(const fs::path& fallback) {
    struct stat entry {};
    if (::lstat(fallback.c_str(), &entry) != 0 || entry.st_uid == ::geteuid()) return {};
    return Error{ErrorCode::Denied, fmt::format("cannot use '{}': it is another user's", fallback.string())};
}

Result<void> ensure_directory(const fs::path& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0) return {};
    const int reason = errno;
    std::error_code ignored;
    if (reason == EEXIST) {
        if (fs::is_directory(path, ignored)) return {};
        return os_error("create", path.string(), ENOTDIR);
    }
    return os_error("create", path.string(), reason);
}

}  // namespace

Result<Home> find_home(const Lookup& variable, const std::optional<std::string>& user_directory) {
    const auto set = [&](const char* name) -> std::optional<std::string> {
        std::optional<std::string> value = variable(name);
        if (value && value->empty()) value.reset();
        return value;
    };
    fs::path root;
    if (const auto kpm_home = set("KPM_HOME"))
        root = *kpm_home;
    else if (const auto pm2_home = set("PM2_HOME"))
        root = *pm2_home;
    else if (const auto home = set("HOME"))
        root = fs::path(*home) / ".kpm";
    else if (user_directory && !user_directory->empty())
        root = fs::path(*user_directory) / ".kpm";
    else
        return Error{ErrorCode::NotFound, "cannot find a home directory: set KPM_HOME or HOME"};

    std::error_code failure;
    root = fs::absolute(root, failure).lexically_normal();
    if (failure) return os_error("find", root.string(), failure.value());
    if (!root.has_filename()) root = root.parent_path();  // a slash at the end

    Home home(root);
    constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
    if (home.rpc_socket().native().size() > kLongest)
        return Error{ErrorCode::Invalid, fmt::format("cannot use '{}': a socket's path has at most {} bytes",
                                                     home.rpc_socket().native(), kLongest)};
    return home;
}

Result<Home> find_home() {
    const auto variable = [](const char* name) -> std::optional<std::string> {
        const char* value = std::getenv(name);
        return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
    };
    auto home = find_home(variable, user_directory_by_password_file());
    const bool is_chosen = variable("KPM_HOME") || variable("PM2_HOME");
    if (is_chosen || (home ? can_be_made(home->root()) : home.error().code != ErrorCode::NotFound))
        return home;
    const fs::path fallback = fallback_root();
    if (auto checked = check_owner(fallback); !checked) return checked.error();
    return can_be_made(fallback) ? Home(fallback) : home;
}

Result<void> ensure_home(const Home& home) {
    // The directories above it are the user's affair, but `KPM_HOME=a/b/c kpm start` should just work.
    std::vector<fs::path> missing;
    std::error_code ignored;
    for (fs::path path = home.root().parent_path(); path.has_relative_path() && !fs::exists(path, ignored);
         path = path.parent_path())
        missing.push_back(path);
    for (auto path = missing.rbegin(); path != missing.rend(); ++path)
        if (Result<void> made = ensure_directory(*path, 0777); !made) return made;
    if (Result<void> made = ensure_directory(home.root(), kPrivate); !made) return made;
    if (home.root() == fallback_root())
        if (Result<void> checked = check_owner(home.root()); !checked) return checked;
    for (const fs::path& path : {home.logs(), home.pids()})
        if (Result<void> made = ensure_directory(path, kPrivate); !made) return made;
    return {};
}

}  // namespace kpm::ipc
