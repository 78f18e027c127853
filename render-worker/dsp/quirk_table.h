#pragma once
// The quirks by the names that users have for them: what --quirk, --help, the manual and
// docs/render-worker.md know of them. Pure.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/dsp/quirks.h"

namespace kpm::render {

struct QuirkEntry {
    std::string_view name;
    bool Quirks::*member;
    std::string_view description;  // what the reference does
};

// Every member of Quirks, in their order.
std::span<const QuirkEntry> quirk_table();

// The defaults, changed by `settings`: NAME=off (or =on) each, the last one of a name holds. Errors: Invalid,
// with the names that there are.
Result<Quirks> quirks_of(const std::vector<std::string>& settings);

}  // namespace kpm::render
