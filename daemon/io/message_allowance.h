#pragma once
// How much of what a child says is heard: so much at once, and so much a second. What goes beyond it is for
// the channel to leave where it is, so that a child that talks without end leaves the loop, and the
// processor, to the others. Counted as in the generic cell rate algorithm (ITU-T I.371): each message takes
// some time, and who owes more than kBurst of it has to rest until it is paid. Pure.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace kpm::io {

class MessageAllowance {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds kBurst{10};          // 128 small messages
    static constexpr std::chrono::nanoseconds kPerMessage{78'125};  // 12,800 a second
    static constexpr std::size_t kBytesPerMicrosecond = 32;         // 32 MB a second

    void spend(std::size_t bytes, Clock::time_point now) {
        const auto price = std::max<std::chrono::nanoseconds>(
            kPerMessage, std::chrono::microseconds(bytes / kBytesPerMicrosecond));
        paid_at_ = std::max(paid_at_, now) + price;
        if (paid_at_ - now >= kBurst) must_rest_ = true;
    }
    // False: rest() is 0, whatever the time.
    bool must_rest() const { return must_rest_; }
    // How long nothing is to be heard; 0 = go on.
    std::chrono::milliseconds rest(Clock::time_point now) {
        if (must_rest_ && paid_at_ <= now) must_rest_ = false;
        return must_rest_ ? std::chrono::ceil<std::chrono::milliseconds>(paid_at_ - now)
                          : std::chrono::milliseconds{0};
    }

private:
    Clock::time_point paid_at_{};
    bool must_rest_ = false;
};

}  // namespace kpm::io
