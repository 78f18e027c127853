#include "daemon/core/slot_config.h"

#include <algorithm>
#include <utility>

namespace kpm::core {

SlotConfig::SlotConfig() {
    static const auto empty = std::make_shared<const ecosystem::AppConfig>();
    common_ = empty;
}

SlotConfig::SlotConfig(ecosystem::AppConfig config, std::initializer_list<const SlotConfig*> likes)
    : paths_{std::exchange(config.out_file, {}), std::exchange(config.error_file, {}),
             std::exchange(config.pid_file, {})} {
    const auto like = std::ranges::find_if(
        likes, [&](const SlotConfig* other) { return other && *other->common_ == config; });
    common_ = like != likes.end() ? (*like)->common_
                                  : std::make_shared<const ecosystem::AppConfig>(std::move(config));
}

ecosystem::AppConfig SlotConfig::whole() const {
    ecosystem::AppConfig config = *common_;
    config.out_file = paths_.out_file;
    config.error_file = paths_.error_file;
    config.pid_file = paths_.pid_file;
    return config;
}

}  // namespace kpm::core
