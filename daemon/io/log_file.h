#pragma once
// A log file that is only ever appended to, by name: reopened after someone has moved it. A file that cannot
// be written drops what comes, counts it, and is tried again after a while; it never waits and never ends the
// pump. Driven by the log loop, which says what happened. The clock is the caller's.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/io/app_file.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// Whether `path` names a file at all: not for "", "/dev/null" and "NULL".
bool is_log_path(std::string_view path);
// Makes the file and the folders it is in.
Result<void> prepare_log_file(const std::string& path, const FileOwner& owner);

class LogFile {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kRetryAfter{1};

    // What a call has found out; both are empty as long as nothing changes.
    struct News {
        std::optional<Error> failed;             // once per trouble
        std::optional<std::uint64_t> recovered;  // bytes dropped in the trouble that is over
        std::optional<std::uint64_t> lost = {};  // the same of one that goes on, after each further try
    };

    explicit LogFile(std::string path, FileOwner owner = {})
        : path_(std::move(path)), owner_(std::move(owner)) {}

    // Opens the file when it is not open.
    News append(std::string_view bytes, TimePoint now);
    News reopen(TimePoint now);
    void close() { file_.reset(); }

    const std::string& path() const { return path_; }
    std::uint64_t dropped() const { return dropped_; }  // bytes, in all
    // Of the trouble that goes on; nullopt: there is none.
    std::optional<std::uint64_t> losing() const {
        return trouble_ ? std::optional(trouble_->dropped) : std::nullopt;
    }

private:
    News failed(Error error, std::size_t lost, TimePoint now);
    Result<void> open();

    std::string path_;
    FileOwner owner_;
    UniqueFd file_;
    std::uint64_t dropped_ = 0;
    struct Trouble {
        TimePoint retry_at;
        std::uint64_t dropped = 0;
    };
    std::optional<Trouble> trouble_;
};

}  // namespace kpm::io
