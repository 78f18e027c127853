#pragma once
// Rows of the tables of options as entries of a manual. Pure.

#include <span>
#include <string>
#include <vector>

#include "cli/options.h"
#include "ipc/base/manual.h"

namespace kpm::cli {

std::vector<Manual::Entry> entries_of(std::span<const OptionSpec> options);
// The CLI's own options, those that no attribute of an app has.
Manual::Section own_options_section(const std::string& title);
// The options that set attributes of apps, in the groups of docs/config.md.
Manual::Section app_options_section(const std::string& title);

}  // namespace kpm::cli
