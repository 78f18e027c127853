#include "daemon/core/log_losses.h"

namespace kpm::core {

void LogLosses::note(const LogTrouble& news) {
    Open& open = open_[news.path];
    open.dropped = news.dropped;
    if (!news.reason.empty()) open.reason = news.reason;
    if (!news.is_over) return;
    over_ += open.dropped;
    open_.erase(news.path);
}

std::uint64_t LogLosses::dropped() const {
    std::uint64_t sum = over_;
    for (const auto& [path, open] : open_) sum += open.dropped;
    return sum;
}

Json LogLosses::facts() const {
    Json facts{{"dropped_bytes", dropped()}};
    if (!open_.empty()) facts["failure"] = open_.begin()->second.reason;
    return facts;
}

}  // namespace kpm::core
