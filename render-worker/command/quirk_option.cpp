#include "render-worker/command/quirk_option.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "render-worker/dsp/quirk_table.h"

namespace kpm::render {
namespace {

constexpr const char* kAbout = "Behaviour of the original that --quirk turns off";

}  // namespace

void declare_quirks(CLI::App& app, std::vector<std::string>& settings) {
    app.add_option("--quirk", settings,
                   "NAME=off turns a quirk of the original off, see below; may be given several times")
        ->allow_extra_args(false)
        ->type_name("NAME=off");
    std::string text = fmt::format("{}:\n", kAbout);
    for (const QuirkEntry& quirk : quirk_table())
        text += fmt::format("  {}\n      {}\n", quirk.name, quirk.description);
    app.footer(text);
}

Manual::Section quirks_section() {
    Manual::Section section{"QUIRKS", {Manual::Paragraph{fmt::format("{}, by its names.", kAbout)}}};
    for (const QuirkEntry& quirk : quirk_table())
        section.blocks.push_back(Manual::Entry{std::string(quirk.name), std::string(quirk.description)});
    return section;
}

}  // namespace kpm::render
