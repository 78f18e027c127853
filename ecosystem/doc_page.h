#pragma once
// The table of schema.h as a page of documentation. Pure.

#include <span>
#include <string>
#include <string_view>

#include "ecosystem/schema.h"

namespace kpm::ecosystem {

struct GroupTitle {
    Group group;
    std::string_view title;
};

// In the order in which documentation has them.
std::span<const GroupTitle> group_titles();

// Markdown: what docs/config.md holds. A unit test compares the two; KPM_REGENERATE=1 makes it write the
// file.
std::string config_page();

}  // namespace kpm::ecosystem
