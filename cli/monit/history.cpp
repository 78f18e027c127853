#include "cli/monit/history.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace kpm::cli::monit {
namespace {

constexpr std::array<const char*, 8> kLevels{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr double kNotable = 0.1;  // of the lowest value: a range below it is drawn flat

const char* level(double value, Scale scale) {
    const double range = scale.high - scale.low;
    const double part = range > 0 ? (value - scale.low) / range : 0;
    const double step = std::clamp(std::round(part * (kLevels.size() - 1)), 0.0, kLevels.size() - 1.0);
    return kLevels[std::isnan(step) ? 0 : static_cast<std::size_t>(step)];
}

}  // namespace

Scale scale_from_zero(const History& history, double least) {
    Scale scale{0, least};
    for (const double value : history.values()) scale.high = std::max(scale.high, value);
    return scale;
}

Scale scale_of_range(const History& history) {
    if (history.values().empty()) return {};
    const auto [low, high] = std::ranges::minmax_element(history.values());
    return {*low, std::max(*high, *low * (1 + kNotable))};
}

std::string sparkline(const History& history, int width, Scale scale) {
    if (width <= 0) return "";
    const auto room = static_cast<std::size_t>(width);
    const std::size_t count = std::min(room, history.values().size());
    std::string text(room - count, ' ');
    for (std::size_t i = history.values().size() - count; i < history.values().size(); ++i)
        text += level(history.values()[i], scale);
    return text;
}

}  // namespace kpm::cli::monit
