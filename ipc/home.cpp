#include "ipc/home.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

namespace kpm::ipc {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0700;

std::optional<std::string> user_directory_by_password_file() {
    std::vector<char> text(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::geteuid(), &entry, text.data(), text.size(), &found) != 0 || found == nullptr)
        return std::nullopt;
    return std::string(found->pw_dir);
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
    return find_home(
        [](const char* name) -> std::optional<std::string> {
            const char* value = std::getenv(name);
            return value == nullptr ? std::nullopt : std::optional<std::string>(value);
        },
        user_directory_by_password_file());
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
    for (const fs::path& path : {home.root(), home.logs(), home.pids()})
        if (Result<void> made = ensure_directory(path, kPrivate); !made) return made;
    return {};
}

}  // namespace kpm::ipc
