#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

struct Entry {
    std::string title;
    std::string_view text;
};

std::string block(std::string_view head, const std::vector<Entry>& entries) {
    std::size_t width = 0;
    for (const Entry& entry : entries) width = std::max(width, entry.title.size());
    std::string text = fmt::format("  {}:\n\n", head);
    for (const Entry& entry : entries)
        text += fmt::format("    {:<{}}  {}\n", entry.title, width, entry.text);
    return text + "\n";
}

std::vector<Entry> option_entries(std::span<const OptionSpec> options) {
    std::vector<Entry> entries;
    for (const OptionSpec& option : options) entries.push_back({option_title(option), option.help});
    return entries;
}

}  // namespace

std::string command_title(const Command& command) {
    std::string title(command.name);
    for (const std::string_view alias : split(command.aliases, ' ')) {
        if (!alias.empty()) title.append("|").append(alias);
    }
    if (!command.options.empty()) title += " [options]";
    if (!command.args.empty()) title.append(" ").append(command.args);
    return title;
}

std::string usage_text() {
    return "usage: kpm [options] <command>\n\n"
           "kpm -h, --help             all available commands and options\n"
           "kpm <command> -h           help on a specific command\n\n"
           "Files of kpm are in $KPM_HOME, else $PM2_HOME, else ~/.kpm\n";
}

std::string help_text() {
    std::vector<Entry> entries;
    for (const Command& command : commands()) entries.push_back({command_title(command), command.help});
    return "\n  Usage: kpm [options] <command> [arguments] [-- arguments of the app]\n\n" +
           block("Options", option_entries(global_options())) + block("Commands", entries);
}

std::string help_text(const Command& command) {
    auto entries = option_entries(command.options);
    entries.push_back({"-h, --help", "this help"});
    return fmt::format("\n  Usage: kpm {}\n\n  {}\n\n{}", command_title(command), command.help,
                       block("Options", entries));
}

std::string options_text(std::string_view head, std::span<const OptionSpec> options) {
    return block(head, option_entries(options));
}

}  // namespace kpm::cli
