#include "cli/healthcheck_view.h"

#include <fmt/format.h>

namespace kpm::cli {
namespace {

bool is_off(const Json& env, const char* key) {
    const auto value = env.find(key);
    return value != env.end() && value->is_boolean() && !value->get<bool>();
}

bool has_finished(const ProcessRow& row) {
    const Json& env = row.env();
    if (row.status != "stopped") return false;
    if (is_off(env, "autostart") && row.online_since == 0) return true;
    return is_off(env, "autorestart") && integer_of(env, "exit_code") == 0 && !integer_of(env, "exit_signal");
}

std::string problem_of(const ProcessRow& row) {
    if (row.status == "online") return "";
    if (row.status == "launching") return "not ready";
    const std::string failure = text_of(row.env(), "failure");
    return failure.empty() ? row.status : fmt::format("{}: {}", row.status, failure);
}

}  // namespace

std::vector<HealthFinding> health_of(std::span<const ProcessRow> rows) {
    std::vector<HealthFinding> findings;
    for (const ProcessRow& row : rows)
        if (!row.is_module && !has_finished(row)) findings.push_back({&row, problem_of(row)});
    return findings;
}

}  // namespace kpm::cli
