#include "render-worker/manual.h"

#include <fmt/format.h>

#include <utility>

#include "ipc/base/text.h"

namespace kpm::render {
namespace {

std::string text_of(const CLI::Option& option) {
    std::string text = option.get_description();
    if (const std::string value = option.get_default_str(); !value.empty() && option.nonpositional())
        text += fmt::format("; {} if not given", value);
    if (const std::string variable = option.get_envname(); !variable.empty())
        text += fmt::format("; also by the variable {}", variable);
    return text;
}

// "-o --output <TEXT>"; an argument has no dashes.
std::string term_of(const CLI::Option& option) {
    if (!option.nonpositional()) return fmt::format("<{}>", option.get_name(true));
    std::string term;
    for (const std::string& name : option.get_snames()) term += fmt::format("-{} ", name);
    for (const std::string& name : option.get_lnames()) term += fmt::format("--{} ", name);
    // "FLOAT:POSITIVE": what it is, and what it is checked for.
    const std::string type = option.get_type_name();
    if (option.get_items_expected_max() > 0)
        return term + fmt::format("<{}>", lower(type.substr(0, type.find(':'))));
    term.pop_back();
    return term;
}

// "app <input> --flag", and what each means; hidden options are left out.
void describe(const CLI::App& app, std::string& line, std::vector<Manual::Block>& blocks) {
    for (const CLI::Option* option : app.get_options()) {
        if (option->get_group().empty()) continue;
        if (!option->nonpositional()) line += " " + term_of(*option);
        blocks.push_back(Manual::Entry{term_of(*option), text_of(*option)});
    }
}

Manual manual_of(const CLI::App& app) {
    Manual manual{.name = app.get_name(),
                  .summary = app.get_description(),
                  .synopsis = {app.get_name() + " [options]"}};
    if (manual.summary.ends_with('.')) manual.summary.pop_back();
    Manual::Section options{"OPTIONS", {}};
    describe(app, manual.synopsis.front(), options.blocks);
    manual.sections.push_back(std::move(options));
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        std::string line = fmt::format("{} {} [options]", app.get_name(), command->get_name());
        Manual::Section section{fmt::format("THE COMMAND {}", command->get_name()),
                                {Manual::Paragraph{command->get_description()}}};
        describe(*command, line, section.blocks);
        manual.synopsis.push_back(std::move(line));
        manual.sections.push_back(std::move(section));
    }
    return manual;
}

}  // namespace

void add_man_page(CLI::App& app, std::vector<Manual::Section> before, std::vector<Manual::Section> after,
                  std::vector<std::pair<std::string, int>> see_also) {
    const auto print = [&app, before = std::move(before), after = std::move(after),
                        see_also = std::move(see_also)] {
        Manual manual = manual_of(app);
        manual.sections.insert(manual.sections.begin(), before.begin(), before.end());
        manual.sections.insert(manual.sections.end(), after.begin(), after.end());
        manual.see_also = see_also;
        fmt::print("{}", to_roff(manual, KPM_VERSION));
        throw CLI::Success();
    };
    app.add_flag_callback("--man-page", print)->group("");
}

}  // namespace kpm::render
