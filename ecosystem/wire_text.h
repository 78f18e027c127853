#pragma once
// The wire form of dump_app.h as text, written down at once: a list of apps is made of little else, and the
// tree of one takes many times longer.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/schema.h"

namespace kpm::ecosystem {

// Appends the members of dump_wire(config) to the object that `text` ends in, without those of `left_out`
// (rows of the table). Members of `extra` whose names are `taken` are left out, too.
void append_wire(std::string& text, const AppConfig& config, std::span<const Field* const> left_out,
                 std::span<const std::string_view> taken);

// A text, number or flag of the wire form, as an environment has it.
struct WireScalar {
    std::string_view name;  // of the table or of config.extra
    std::string text;
};
std::vector<WireScalar> wire_scalars(const AppConfig& config);

}  // namespace kpm::ecosystem
