#include "render-worker/graph/feeds.h"

#include <algorithm>
#include <memory>

namespace kpm::render {

Curve curve(const Feed& feed) {
    if (!feed.connection->range) return feed.signal;
    const auto [low, high] = *feed.connection->range;
    auto scaled = std::make_shared<std::vector<float>>(feed.signal->size());
    std::transform(feed.signal->begin(), feed.signal->end(), scaled->begin(), [low, high](float s) {
        return static_cast<float>((double{s} + 1.0) / 2.0 * (high - low) + low);
    });
    return scaled;
}

bool is_fed(const Feeds& feeds, std::string_view parameter) {
    return std::any_of(feeds.begin(), feeds.end(),
                       [&](const Feed& feed) { return feed.connection->parameter == parameter; });
}

Curve last_curve(const Feeds& feeds, std::string_view parameter) {
    const auto last = std::find_if(feeds.rbegin(), feeds.rend(),
                                   [&](const Feed& feed) { return feed.connection->parameter == parameter; });
    return last == feeds.rend() ? nullptr : curve(*last);
}

}  // namespace kpm::render
