#include "cli/doctor/check.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpm::cli {
namespace {

struct Look {
    const char* word;
    const char* mark;
    Style style;
};

Look look_of(Health health) {
    switch (health) {
        case Health::Ok:
            return {"ok", "✓", Style::Green};
        case Health::Warn:
            return {"warn", "!", Style::Yellow};
        case Health::Fail:
            return {"fail", "✗", Style::Red};
    }
    return {"", "", Style::Bold};
}

}  // namespace

bool is_well(std::span<const Check> checks) {
    return std::ranges::none_of(checks, [](const Check& check) { return check.health == Health::Fail; });
}

std::string checks_text(std::span<const Check> checks, const Paint& paint) {
    std::size_t width = 0;
    for (const Check& check : checks) width = std::max(width, check.name.size());
    std::string text;
    for (const Check& check : checks) {
        const Look look = look_of(check.health);
        text +=
            fmt::format("{} {:<{}}  {}\n", paint(look.mark, {look.style}), check.name, width, check.finding);
        if (!check.advice.empty()) text += fmt::format("  {:<{}}  → {}\n", "", width, check.advice);
    }
    const auto count = [&](Health health) {
        return std::ranges::count(checks, health, [](const Check& check) { return check.health; });
    };
    return text + fmt::format("{} ok, {} to look at, {} wrong\n", count(Health::Ok), count(Health::Warn),
                              count(Health::Fail));
}

Json checks_facts(std::span<const Check> checks) {
    Json list = Json::array();
    for (const Check& check : checks) {
        list.push_back({{"name", check.name},
                        {"state", look_of(check.health).word},
                        {"finding", check.finding},
                        {"advice", check.advice}});
    }
    return {{"ok", is_well(checks)}, {"checks", std::move(list)}};
}

}  // namespace kpm::cli
