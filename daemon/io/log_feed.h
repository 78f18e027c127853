#pragma once
// What the log loop tells followers, bounded: pieces on their way to the control loop hold credit, and while
// too much is on its way further pieces are dropped and counted. Nothing is made when nobody follows.

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "daemon/io/log_types.h"

namespace kpm::io {

class LogFeed {
public:
    static constexpr std::size_t kMaxInFlight = std::size_t{4} << 20;  // bytes

    explicit LogFeed(std::function<void(LogEvent)> sink) : sink_(std::move(sink)) {}

    void set_following(bool following) { following_ = following; }
    bool is_following() const { return following_; }

    // False: dropped, the control loop is behind. `dropped` goes along with the piece.
    bool publish(const LogSource& source, core::LogStream stream, std::string_view text, WallTime at,
                 std::uint64_t dropped);
    void report(LogEvent event) { sink_(std::move(event)); }

private:
    std::function<void(LogEvent)> sink_;
    bool following_ = false;
    // Shared with the credits, which die on the control loop's thread, perhaps after this.
    std::shared_ptr<std::atomic<std::size_t>> in_flight_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace kpm::io
