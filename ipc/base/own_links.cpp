#include "ipc/base/own_links.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <deque>

#include "ipc/base/text.h"

namespace kpm {
namespace {

constexpr int kMostLinks = 40;  // as the kernel's
constexpr mode_t kFileMode = 0666, kFolderMode = 0777;
constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

class Walk {
public:
    Walk(std::string_view verb, const std::string& path, int flags, bool makes_folders)
        : verb_(verb), path_(path), flags_(flags | O_CLOEXEC), makes_folders_(makes_folders) {}

    Result<UniqueFd> open() {
        enter(path_);
        while (!names_.empty()) {
            const std::string name = std::move(names_.front());
            names_.pop_front();
            UniqueFd next = step(name, O_NOFOLLOW);
            if (!next && (errno == ELOOP || errno == ENOTDIR)) {
                auto beyond = follow(name);
                if (!beyond) return beyond.error();
                next = std::move(*beyond);
                if (!next) continue;  // the names of the link come next
            }
            if (!next) return failed(errno);
            at_ = std::move(next);
        }
        struct stat status {};
        if (!at_ || ::fstat(at_.get(), &status) < 0) return failed(errno);
        if (S_ISREG(status.st_mode) && status.st_nlink > 1) return refused("it has more than one name");
        return std::move(at_);
    }

private:
    Error failed(int error_number) const { return os_error(verb_, path_, error_number); }
    Error refused(std::string_view reason) const {
        return {ErrorCode::Denied, fmt::format("cannot {} '{}': {}", verb_, path_, reason)};
    }

    // These names before those that are left.
    void enter(std::string_view path) {
        std::deque<std::string> names;
        for (const std::string_view name : split(path, '/'))
            if (!name.empty()) names.emplace_back(name);
        names_.insert(names_.begin(), names.begin(), names.end());
        if (path.starts_with('/') || !at_) at_.reset(::open(path.starts_with('/') ? "/" : ".", kFolderFlags));
    }

    UniqueFd step(const std::string& name, int more_flags) {
        if (names_.empty() && !makes_folders_)
            return UniqueFd(::openat(at_.get(), name.c_str(), flags_ | more_flags, kFileMode));
        int folder = ::openat(at_.get(), name.c_str(), kFolderFlags | more_flags);
        if (folder < 0 && errno == ENOENT && makes_folders_ &&
            (::mkdirat(at_.get(), name.c_str(), kFolderMode) == 0 || errno == EEXIST))
            folder = ::openat(at_.get(), name.c_str(), kFolderFlags | more_flags);
        return UniqueFd(folder);
    }

    // Looked at and read by one descriptor: the name may be another link's by now. Empty: names were added.
    Result<UniqueFd> follow(const std::string& name) {
        const UniqueFd link(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat status {};
        if (!link || ::fstat(link.get(), &status) < 0) return failed(errno);
        if (!S_ISLNK(status.st_mode)) return failed(ENOTDIR);
        if (status.st_uid != 0 && status.st_uid != ::geteuid())
            return refused(fmt::format("'{}' in it is a link of user {}", name, status.st_uid));
        if (++links_ > kMostLinks) return failed(ELOOP);
        struct statfs system {};
        // Not all links of /proc lead to names, and nobody can put others there.
        if (::fstatfs(link.get(), &system) == 0 && system.f_type == PROC_SUPER_MAGIC) {
            UniqueFd beyond = step(name, 0);
            if (!beyond) return failed(errno);
            return beyond;
        }
        std::array<char, PATH_MAX> target;
        const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
        if (size < 0) return failed(errno);
        enter({target.data(), static_cast<std::size_t>(size)});
        return UniqueFd();
    }

    std::string_view verb_;
    const std::string& path_;
    int flags_;
    bool makes_folders_;
    std::deque<std::string> names_;  // still to be gone through, from
    UniqueFd at_;
    int links_ = 0;
};

}  // namespace

Result<UniqueFd> open_by_own_links(std::string_view verb, const std::string& path, int flags) {
    return Walk(verb, path, flags, false).open();
}

Result<void> make_folders_by_own_links(const std::string& path) {
    const auto made = Walk("create", path, 0, true).open();
    if (!made) return made.error();
    return {};
}

}  // namespace kpm
