#include "daemon/core/slot_config.h"

#include <algorithm>
#include <utility>

namespace kpm::core {
namespace {

// What `value` is equal to in one of `likes`, or itself.
template <class Value>
std::shared_ptr<const Value> shared(Value value, std::initializer_list<const SlotConfig*> likes,
                                    std::shared_ptr<const Value> SlotConfig::*member) {
    const auto like = std::ranges::find_if(
        likes, [&](const SlotConfig* other) { return other && *(other->*member) == value; });
    return like != likes.end() ? (*like)->*member : std::make_shared<const Value>(std::move(value));
}

std::string mark_of(int number) {
    return '-' + std::to_string(number);
}

}  // namespace

SlotConfig::SlotConfig() {
    static const auto empty = std::make_shared<const ecosystem::AppConfig>();
    static const auto no_paths = std::make_shared<const Patterns>();
    common_ = empty;
    patterns_ = no_paths;
}

SlotConfig::SlotConfig(ecosystem::AppConfig config, int number,
                       std::initializer_list<const SlotConfig*> likes)
    : number_(number) {
    const std::string mark = mark_of(number);
    patterns_ = shared(Patterns{pattern_of(std::exchange(config.out_file, {}), mark),
                                pattern_of(std::exchange(config.error_file, {}), mark),
                                pattern_of(std::exchange(config.pid_file, {}), mark)},
                       likes, &SlotConfig::patterns_);
    common_ = shared(std::move(config), likes, &SlotConfig::common_);
}

SlotConfig::Pattern SlotConfig::pattern_of(std::string path, const std::string& mark) {
    const std::size_t at = path.rfind(mark);
    if (at != std::string::npos) path.erase(at, mark.size());
    return {std::move(path), at};
}

std::string SlotConfig::fill(const Pattern& pattern) const {
    std::string path = pattern.text;
    if (pattern.at != std::string::npos) path.insert(pattern.at, mark_of(number_));
    return path;
}

SlotConfig::Paths SlotConfig::paths() const {
    const auto& [out_file, error_file, pid_file] = *patterns_;
    return {fill(out_file), fill(error_file), fill(pid_file)};
}

bool SlotConfig::is_same(const SlotConfig& other) const {
    return shares_with(other) &&
           ((patterns_ == other.patterns_ && number_ == other.number_) || paths() == other.paths());
}

ecosystem::AppConfig SlotConfig::whole() const {
    ecosystem::AppConfig config = *common_;
    Paths own = paths();
    config.out_file = std::move(own.out_file);
    config.error_file = std::move(own.error_file);
    config.pid_file = std::move(own.pid_file);
    return config;
}

}  // namespace kpm::core
