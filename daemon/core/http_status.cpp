#include "daemon/core/http_status.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpm::core {
namespace {

constexpr std::size_t kShown = 40;

// What a server said, for a message: only what can be shown.
std::string shown(std::string_view text) {
    std::string result(text.substr(0, kShown));
    std::ranges::replace_if(
        result, [](char c) { return c < ' ' || c > '~'; }, '.');
    return result;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

// "HTTP/1.1 200 OK" -> 200
std::optional<int> status_in(std::string_view line) {
    constexpr std::string_view kBegin = "HTTP/1.";
    if (!line.starts_with(kBegin) || line.size() < kBegin.size() + 5) return std::nullopt;
    line.remove_prefix(kBegin.size());
    const bool is_well = is_digit(line[0]) && line[1] == ' ' &&
                         std::ranges::all_of(line.substr(2, 3), is_digit) &&
                         (line.size() == 5 || line[5] == ' ');
    if (!is_well) return std::nullopt;
    const int status = (line[2] - '0') * 100 + (line[3] - '0') * 10 + (line[4] - '0');
    return status >= 100 && status <= 599 ? std::optional(status) : std::nullopt;
}

}  // namespace

Result<std::optional<int>> HttpStatusReader::take_line() {
    if (line_.ends_with('\r')) line_.pop_back();
    if (is_interim_) {
        is_interim_ = !line_.empty();
        return std::optional<int>();
    }
    const auto status = status_in(line_);
    if (!status) return Error{ErrorCode::Invalid, fmt::format("no HTTP response: \"{}\"", shown(line_))};
    // 101 would be another protocol.
    is_interim_ = *status < 200 && *status != 101;
    return is_interim_ ? std::optional<int>() : status;
}

Result<std::optional<int>> HttpStatusReader::feed(std::string_view bytes) {
    for (const char c : bytes) {
        if (++seen_ > kMost)
            return Error{ErrorCode::Invalid, fmt::format("no HTTP status in {} bytes", kMost)};
        if (c != '\n') {
            line_ += c;
            // No need to wait for the end of a line that is no status.
            constexpr std::string_view kBegin = "HTTP/1.";
            if (!is_interim_ && line_.size() <= kBegin.size() && !kBegin.starts_with(line_))
                return Error{ErrorCode::Invalid, fmt::format("no HTTP response: \"{}\"", shown(line_))};
            continue;
        }
        auto taken = take_line();
        line_.clear();
        if (!taken || *taken) return taken;
    }
    return std::optional<int>();
}

Error HttpStatusReader::ended() const {
    if (seen_ == 0) return {ErrorCode::Unavailable, "connection closed without an answer"};
    return {ErrorCode::Invalid, fmt::format("connection closed in the answer: \"{}\"", shown(line_))};
}

}  // namespace kpm::core
