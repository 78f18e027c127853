#include "daemon/core/log_losses.h"

namespace kpm::core {

void LogLosses::note(const LogTrouble& news) {
    const auto place = open_.try_emplace({news.path, news.incarnation}).first;
    Open& open = place->second;
    open.dropped = news.dropped;
    if (!news.reason.empty()) open.reason = news.reason;
    if (!news.is_over) return;
    over_ += open.dropped;
    open_.erase(place);
}

std::uint64_t LogLosses::dropped() const {
    std::uint64_t sum = over_;
    for (const auto& [file, open] : open_) sum += open.dropped;
    return sum;
}

Json LogLosses::facts() const {
    Json facts{{"dropped_bytes", dropped()}};
    if (!open_.empty()) facts["failure"] = open_.begin()->second.reason;
    return facts;
}

}  // namespace kpm::core
