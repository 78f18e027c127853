#pragma once
// The manual page of a program with CLI11, made of the options that it has declared: `--man-page` prints it,
// which the build calls; no other --help shows it.

#include <CLI/CLI.hpp>
#include <vector>

#include "ipc/base/manual.h"

namespace kpm::render {

// Adds --man-page. What is declared later is in the page, too. The page has `sections` beside the options.
void add_man_page(CLI::App& app, std::vector<Manual::Section> before, std::vector<Manual::Section> after,
                  std::vector<std::pair<std::string, int>> see_also);

}  // namespace kpm::render
