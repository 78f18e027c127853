#pragma once
// The process list as PM2 prints it: a table in one of three widths, the modules' table, the host line; and
// the list of blocks of `-m`. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/process_row.h"
#include "cli/terminal.h"

namespace kpm::cli {

struct ListLook {
    Terminal terminal;
    std::string sort;      // "field" or "field:desc"; an unknown field means name
    std::int64_t now = 0;  // ms since 1970
};

// The narrower layouts are taken when the terminal is narrower than the table. `system_data` is
// getSystemData's answer.
std::string list_text(std::vector<ProcessRow> rows, const Json& system_data, const ListLook& look);

// In the order given.
std::string mini_list_text(const std::vector<ProcessRow>& rows, std::int64_t now);

// "field" or "field:desc", as in ListLook.
void sort_rows(std::vector<ProcessRow>& rows, std::string_view order);

// The colour of a status word.
std::vector<Style> status_styles(std::string_view status);

}  // namespace kpm::cli
