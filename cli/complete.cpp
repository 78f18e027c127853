#include "cli/complete.h"

#include <algorithm>
#include <array>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

// Parts of an argument's name in the table that stand for an app.
constexpr std::array<std::string_view, 7> kAppArguments{"id",     "name",  "app_name", "proc_name",
                                                        "pm2_id", "pm_id", "namespace"};
constexpr std::string_view kAll = "all";

void keep_begun(std::vector<Candidate>& candidates, std::string_view begun) {
    std::erase_if(candidates, [&](const Candidate& candidate) { return !candidate.word.starts_with(begun); });
}

void add_options(std::vector<Candidate>& candidates, std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
        for (const std::string_view flag : split(option.flags, ','))
            candidates.push_back({std::string(flag), std::string(option.help)});
    }
}

std::vector<Candidate> command_names() {
    std::vector<Candidate> candidates;
    for (const Command& command : commands()) {
        candidates.push_back({std::string(command.name), std::string(command.help)});
        for (const std::string_view alias : split(command.aliases, ' ')) {
            if (!alias.empty()) candidates.push_back({std::string(alias), std::string(command.help)});
        }
    }
    return candidates;
}

// "<signal> <pm2_id|name>", 1 -> {"pm2_id", "name"}. The last one may be repeated: "<id...>".
std::vector<std::string_view> argument_parts(std::string_view arguments, std::size_t index) {
    const auto all = split(arguments, ' ');
    if (arguments.empty()) return {};
    if (index >= all.size()) {
        if (all.back().find("...") == std::string_view::npos) return {};
        index = all.size() - 1;
    }
    std::string_view name = all[index];
    const std::size_t begin = name.find_first_not_of("<["), end = name.find_last_not_of(".>]");
    if (begin == std::string_view::npos || end == std::string_view::npos) return {};
    return split(name.substr(begin, end + 1 - begin), '|');
}

std::vector<Candidate> argument_words(const Command& command, std::size_t index,
                                      const std::function<std::vector<Candidate>()>& apps) {
    std::vector<Candidate> candidates;
    if (index == 0) {
        for (const std::string_view choice : split(command.choices, ' ')) {
            if (!choice.empty()) candidates.push_back({std::string(choice), ""});
        }
    }
    const auto parts = argument_parts(command.args, index);
    const auto is_part = [&](std::string_view part) { return std::ranges::find(parts, part) != parts.end(); };
    if (std::ranges::any_of(kAppArguments, is_part)) {
        for (Candidate& app : apps()) candidates.push_back(std::move(app));
        if (is_part(kAll)) candidates.push_back({std::string(kAll), "all apps"});
    }
    return candidates;
}

}  // namespace

std::vector<Candidate> complete(std::span<const std::string> words,
                                const std::function<std::vector<Candidate>()>& apps) {
    if (words.size() < 2) return {};
    const std::string& begun = words.back();
    // An option before the place that still lacks its value makes this an error: any word may be that value.
    auto line = read_global_options(words.subspan(1, words.size() - 2));
    if (!line || line->has_app_args) return {};
    const Command* command = find_command(line->command);
    if (!line->command.empty() && command == nullptr) return {};
    if (command != nullptr && !read_own_options(*line, command->options, command->env_is_switch)) return {};

    std::vector<Candidate> candidates;
    if (begun.starts_with('-')) {
        if (command != nullptr) add_options(candidates, command->options);
        add_options(candidates, global_options());
    } else if (command == nullptr) {
        candidates = command_names();
    } else {
        candidates = argument_words(*command, line->words.size(), apps);
    }
    keep_begun(candidates, begun);
    return candidates;
}

}  // namespace kpm::cli
