#include "cli/runtime/container_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

constexpr const char* kNames[][2] = {
    {"USE_PM2", "KPM_MANAGED"}, {"PM2_INSTANCES", "KPM_INSTANCES"}, {"PORT", "KPM_PORT"}};

bool is_set(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0';
}

bool is_count(std::string_view text) {
    if (text == "max") return true;
    if (text.starts_with('-')) text.remove_prefix(1);
    return is_number(text) && text.size() < 6;
}

}  // namespace

void share_container_variables() {
    for (const auto& [one, other] : kNames) {
        if (is_set(one) && !is_set(other)) setenv(other, std::getenv(one), 1);
        if (is_set(other) && !is_set(one)) setenv(one, std::getenv(other), 1);
    }
}

bool wants_supervisor() {
    const char* value = std::getenv("USE_PM2");
    const std::string text = lower(value ? value : "");
    return text != "false" && text != "0" && text != "no" && text != "off";
}

Result<void> apply_instances(ecosystem::ParsedApp& app, bool is_only) {
    if (!is_set("PM2_INSTANCES") || std::ranges::find(app.given, "instances") != app.given.end()) return {};
    if (!is_only && app.config.exec_mode != ecosystem::ExecMode::Cluster) return {};
    const std::string text = std::getenv("PM2_INSTANCES");
    if (!is_count(text))
        return Error{ErrorCode::Invalid,
                     fmt::format("PM2_INSTANCES: expected max or a number, found \"{}\"", text)};
    auto parsed = ecosystem::parse_app(Json{{"instances", text}}, {.base = app.config});
    if (!parsed) return parsed.error();
    app.config = std::move(parsed->config);
    app.given.emplace_back("instances");
    return {};
}

}  // namespace kpm::cli
