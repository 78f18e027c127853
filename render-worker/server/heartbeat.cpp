#include "render-worker/server/heartbeat.h"

#include <algorithm>
#include <utility>

namespace kpm::render {
namespace {

constexpr std::chrono::microseconds kLeastPeriod{1000};

}  // namespace

Heartbeat::Heartbeat(boost::asio::io_context& io, std::chrono::microseconds interval,
                     const RenderQueue& queue, std::function<void()> beat)
    : timer_(io), period_(std::max(interval / 2, kLeastPeriod)), queue_(queue), beat_(std::move(beat)) {}

void Heartbeat::start() {
    const std::uint64_t progress = queue_.progress();
    const bool is_well = !queue_.is_stuck() && (queue_.running() == 0 || progress != progress_);
    progress_ = progress;
    if (is_well) beat_();
    timer_.expires_after(period_);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) start();
    });
}

}  // namespace kpm::render
