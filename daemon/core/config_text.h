#pragma once
// A slot's configuration as JSON text: the wire form, of which the paths stand beside what instances share.
// Pure.

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/core/slot_config.h"
#include "ecosystem/schema.h"

namespace kpm::core {

// The table's rows of the paths: out_file, error_file, pid_file.
const std::array<const ecosystem::Field*, 3>& path_fields();
// Their values by their names on the wire.
std::array<std::pair<std::string_view, const std::string*>, 3> path_members(const SlotConfig::Paths& paths);

// Appends the paths to the object that `text` ends in.
void append_paths(std::string& text, const SlotConfig::Paths& paths);
// Appends what dump_wire(config.whole()) is as text.
void append_config(std::string& text, const SlotConfig& config);

}  // namespace kpm::core
