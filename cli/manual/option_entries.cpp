#include "cli/manual/option_entries.h"

#include "ecosystem/doc_page.h"

namespace kpm::cli {

std::vector<Manual::Entry> entries_of(std::span<const OptionSpec> options) {
    std::vector<Manual::Entry> entries;
    for (const OptionSpec& option : options)
        entries.push_back({option_title(option), std::string(option.help)});
    return entries;
}

namespace {

// -u, PM2's other name for --uid, sets an attribute as well; the table has it among the CLI's own.
bool is_attribute(const OptionSpec& option) {
    return option.field != nullptr && option.key == option.field->key;
}

}  // namespace

Manual::Section own_options_section(const std::string& title) {
    Manual::Section section{title, {}};
    for (const OptionSpec& option : global_options()) {
        if (!is_attribute(option))
            section.blocks.push_back(Manual::Entry{option_title(option), std::string(option.help)});
    }
    return section;
}

Manual::Section app_options_section(const std::string& title) {
    Manual::Section section{
        title,
        {Manual::Paragraph{"For `start`, `restart` and `reload`. Configuration files have the same options "
                           "and more; docs/config.md has all of them, with their defaults. Durations are "
                           "milliseconds or texts such as 10s, sizes bytes or texts such as 150M."}}};
    for (const auto& [group, group_title] : ecosystem::group_titles()) {
        std::vector<OptionSpec> options;
        for (const OptionSpec& option : global_options())
            if (is_attribute(option) && option.field->group == group) options.push_back(option);
        if (options.empty()) continue;  // files alone have them
        section.blocks.push_back(Manual::Subtitle{std::string(group_title)});
        for (Manual::Entry& entry : entries_of(options)) section.blocks.push_back(std::move(entry));
    }
    return section;
}

}  // namespace kpm::cli
