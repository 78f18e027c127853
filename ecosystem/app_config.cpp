#include "ecosystem/app_config.h"

#include <algorithm>

namespace kpm::ecosystem {

bool is_on(const Selection& selection) {
    const bool* flag = std::get_if<bool>(&selection);
    return flag == nullptr || *flag;
}

std::vector<std::string> texts(const Selection& selection) {
    if (const auto* text = std::get_if<std::string>(&selection)) return {*text};
    if (const auto* list = std::get_if<std::vector<std::string>>(&selection)) return *list;
    return {};
}

unsigned instance_count(const AppConfig& config, unsigned cpus) {
    const std::int64_t wanted = config.instances.value_or(1);
    return static_cast<unsigned>(std::max<std::int64_t>(1, wanted > 0 ? wanted : cpus + wanted));
}

}  // namespace kpm::ecosystem
