#include "cli/log_flush.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <utility>

#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr const char* kVerb = "empty";
constexpr int kMostLinks = 40;  // as the kernel

// The path as the kernel would walk it, step by step: each step is looked at in the folder that was reached,
// whatever its owner does to the names meanwhile.
class Walk {
public:
    Walk(const std::string& path, const IsTrusted& is_trusted)
        : path_(path), rest_(path), is_trusted_(is_trusted) {}

    // The folder that holds the file, the file's name in `name`; empty: there is no such file.
    Result<UniqueFd> folder_of_file(std::string& name) {
        if (const auto begun = begin(); !begun) return begun.error();
        for (;;) {
            name = next_part();
            if (name.empty()) return os_error(kVerb, path_, EISDIR);
            UniqueFd step(openat(folder_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
            struct stat status {};
            if (!step || fstat(step.get(), &status) != 0) {
                if (errno == ENOENT) return UniqueFd();
                return os_error(kVerb, path_, errno);
            }
            if (S_ISLNK(status.st_mode)) {
                if (const auto followed = follow(step.get(), status.st_uid); !followed)
                    return followed.error();
            } else if (rest_.empty()) {
                return std::move(folder_);
            } else {
                folder_ = std::move(step);  // a file in a folder's place is told by the next step
            }
        }
    }

private:
    Result<void> begin() {
        folder_ = UniqueFd(open(rest_.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
        return folder_ ? Result<void>() : os_error(kVerb, path_, errno);
    }

    std::string next_part() {
        rest_.erase(0, rest_.find_first_not_of('/'));
        std::string part = rest_.substr(0, rest_.find('/'));
        rest_.erase(0, part.size());
        return part;
    }

    Result<void> follow(int link, uid_t owner) {
        if (!is_trusted_(owner))
            return Error{ErrorCode::Denied,
                         fmt::format("cannot empty '{}': a link of another user stands in it", path_)};
        if (++links_ > kMostLinks) return os_error(kVerb, path_, ELOOP);
        char target[PATH_MAX];
        const ssize_t size = readlinkat(link, "", target, sizeof target);
        if (size <= 0) return os_error(kVerb, path_, size < 0 ? errno : ENOENT);
        rest_.insert(0, target, static_cast<std::size_t>(size));
        return target[0] == '/' ? begin() : Result<void>();
    }

    const std::string& path_;
    std::string rest_;
    const IsTrusted& is_trusted_;
    UniqueFd folder_;
    int links_ = 0;
};

}  // namespace

Result<void> empty_log(const std::string& path, const IsTrusted& is_trusted) {
    std::string name;
    const auto folder = Walk(path, is_trusted).folder_of_file(name);
    if (!folder) return folder.error();
    if (!*folder) return {};
    struct stat status {};
    if (fstatat(folder->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? Result<void>() : os_error(kVerb, path, errno);
    if (S_ISDIR(status.st_mode)) return os_error(kVerb, path, EISDIR);
    if (!S_ISREG(status.st_mode)) return {};
    // Another file may have taken its place: no link is followed, no pipe waited for, and what was opened is
    // looked at once more.
    const UniqueFd file(
        openat(folder->get(), name.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file) return errno == ENOENT ? Result<void>() : os_error(kVerb, path, errno);
    if (fstat(file.get(), &status) != 0) return os_error(kVerb, path, errno);
    if (S_ISREG(status.st_mode) && ftruncate(file.get(), 0) != 0) return os_error(kVerb, path, errno);
    return {};
}

bool is_own_or_roots(uid_t owner) {
    return owner == 0 || owner == geteuid();
}

}  // namespace kpm::cli
