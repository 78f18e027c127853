#pragma once
// The table of schema.h as a page of documentation. Pure.

#include <string>

namespace kpm::ecosystem {

// Markdown: what docs/config.md holds. A unit test compares the two; KPM_REGENERATE=1 makes it write the
// file.
std::string config_page();

}  // namespace kpm::ecosystem
