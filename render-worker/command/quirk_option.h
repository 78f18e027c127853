#pragma once
// --quirk NAME=off, as the server and `render` have it, and what --help and the manual say of the names.

#include <string>
#include <vector>

#include "ipc/base/manual.h"

namespace CLI {
class App;
}

namespace kpm::render {

// Fills `settings` for quirks_of(), and lists the names below the options; it must outlive `app`.
void declare_quirks(CLI::App& app, std::vector<std::string>& settings);

Manual::Section quirks_section();

}  // namespace kpm::render
