#include "ecosystem/watch_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace kpm::ecosystem {
namespace {

const Json& options_of(const AppConfig& config) {
    static const Json kNone = Json::object();
    const auto options = config.extra.find("watch_options");
    return options != config.extra.end() && options->is_object() ? *options : kNone;
}

std::optional<int> depth_of(const Json& value) {
    if (!value.is_number_integer() || value < 0 || value > std::numeric_limits<int>::max())
        return std::nullopt;
    return value.get<int>();
}

std::optional<std::vector<std::string>> patterns_of(const Json& value) {
    if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
    const auto is_text = [](const Json& one) { return one.is_string(); };
    if (!value.is_array() || !std::ranges::all_of(value, is_text)) return std::nullopt;
    return value.get<std::vector<std::string>>();
}

// What is the case anyway, or changes nothing that an app could see.
bool is_as_asked(std::string_view option, const Json& value) {
    constexpr std::string_view kAlways[] = {"atomic",      "alwaysStat",     "followSymlinks",
                                            "interval",    "binaryInterval", "ignorePermissionErrors",
                                            "useFsEvents", "persistent"};
    constexpr std::string_view kIfFalse[] = {"awaitWriteFinish", "disableGlobbing", "usePolling"};
    if (std::ranges::find(kAlways, option) != std::end(kAlways)) return true;
    if (std::ranges::find(kIfFalse, option) != std::end(kIfFalse)) return value == false || value.is_null();
    if (option == "ignoreInitial") return value == true;
    if (option == "depth") return value.is_null() || depth_of(value).has_value();
    if (option == "ignored") return patterns_of(value).has_value();
    return false;
}

std::string_view reason_of(std::string_view option) {
    if (option == "usePolling")
        return ", changes are told by the kernel, which does not know those of other machines";
    if (option == "awaitWriteFinish") return ", watch_delay waits until changes are over";
    if (option == "ignoreInitial") return ", what is there at the start is no change";
    if (option == "depth") return ", it is no number from 0 on";
    if (option == "ignored") return ", it takes texts and regular expressions";
    return "";
}

}  // namespace

WatchOptions watch_options(const AppConfig& config) {
    const Json& given = options_of(config);
    WatchOptions options;
    if (const auto follow = given.find("followSymlinks"); follow != given.end())
        options.follow_symlinks = *follow != false;
    if (const auto depth = given.find("depth"); depth != given.end()) options.depth = depth_of(*depth);
    if (const auto ignored = given.find("ignored"); ignored != given.end())
        options.ignored = patterns_of(*ignored);
    return options;
}

std::vector<std::string> ineffective_watch_options(const AppConfig& config) {
    std::vector<std::string> sentences;
    if (!is_on(config.watch)) return sentences;
    for (const auto& [option, value] : options_of(config).items())
        if (!is_as_asked(option, value))
            sentences.push_back(
                fmt::format("{} of watch_options has no effect{}", option, reason_of(option)));
    return sentences;
}

}  // namespace kpm::ecosystem
