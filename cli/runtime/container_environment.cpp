#include "cli/runtime/container_environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "cli/variable.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

struct Names {
    const char *pm2, *own;
};

constexpr const char* kManaged = "KPM_MANAGED";
constexpr const char* kPort = "KPM_PORT";
constexpr Names kNames[] = {{"USE_PM2", kManaged}, {"PM2_INSTANCES", "KPM_INSTANCES"}, {"PORT", kPort}};

bool is_count(std::string_view text) {
    if (text == "max") return true;
    if (text.starts_with('-')) text.remove_prefix(1);
    return is_number(text) && text.size() < 6;
}

// Kubernetes gives every pod KPM_PORT=tcp://10.0.0.1:80 where a Service is called "kpm".
bool is_meant(const char* own) {
    return is_set(own) && (std::string_view(own) != kPort || is_number(std::getenv(own)));
}

}  // namespace

void share_container_variables() {
    for (const auto& [pm2, own] : kNames) {
        if (is_meant(own))
            setenv(pm2, std::getenv(own), 1);
        else if (is_set(pm2))
            setenv(own, std::getenv(pm2), 1);
    }
}

bool wants_supervisor() {
    const char* value = std::getenv(is_set(kManaged) ? kManaged : "USE_PM2");
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
