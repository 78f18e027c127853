#include "daemon/io/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace kpm::io {
namespace {

// Non-blocking for a path that is a fifo: without a reader open() would wait for one.
constexpr int kOpenFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

struct Written {
    std::size_t size = 0;
    int failure = 0;
};

Written write_all(int file, std::string_view bytes) {
    Written written;
    while (written.size < bytes.size()) {
        const ssize_t count = ::write(file, bytes.data() + written.size, bytes.size() - written.size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            written.failure = count < 0 ? errno : ENOSPC;
            break;
        }
        written.size += static_cast<std::size_t>(count);
    }
    return written;
}

}  // namespace

bool is_log_path(std::string_view path) {
    return !path.empty() && path != "/dev/null" && path != "NULL";
}

Result<void> prepare_log_file(const std::string& path, const FileOwner& owner) {
    if (open_app_file("open", path, kOpenFlags, owner)) return {};
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    if (!folder.empty())
        if (auto made = make_app_folders(folder.string(), owner); !made) return made;
    const auto file = open_app_file("open", path, kOpenFlags, owner);
    if (!file) return file.error();
    return {};
}

Result<void> LogFile::open() {
    file_.reset();
    auto file = open_app_file("open", path_, kOpenFlags, owner_);
    if (!file) return file.error();
    file_ = std::move(*file);
    return {};
}

LogFile::News LogFile::append(std::string_view bytes, TimePoint now) {
    if (trouble_ && now < trouble_->retry_at) {
        dropped_ += bytes.size();
        trouble_->dropped += bytes.size();
        return {};
    }
    // In trouble always by name: the folder may have been made anew, the disk changed.
    if (!file_ || trouble_)
        if (const auto opened = open(); !opened) return failed(opened.error(), bytes.size(), now);
    const Written written = write_all(file_.get(), bytes);
    if (written.failure != 0)
        return failed(os_error("write", path_, written.failure), bytes.size() - written.size, now);
    if (!trouble_) return {};
    return {.failed = {}, .recovered = std::exchange(trouble_, std::nullopt)->dropped};
}

LogFile::News LogFile::reopen(TimePoint now) {
    if (const auto opened = open(); !opened) return failed(opened.error(), 0, now);
    // Whether it can be written as well is seen at the next append.
    if (trouble_) trouble_->retry_at = now;
    return {};
}

LogFile::News LogFile::failed(Error error, std::size_t lost, TimePoint now) {
    dropped_ += lost;
    const bool known = trouble_.has_value();
    trouble_ = Trouble{.retry_at = now + kRetryAfter, .dropped = (known ? trouble_->dropped : 0) + lost};
    if (known) return {.failed = {}, .recovered = {}, .lost = trouble_->dropped};
    return {.failed = std::move(error), .recovered = {}};
}

}  // namespace kpm::io
