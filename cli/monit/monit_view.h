#pragma once
// Draws the state of `kpm monit`: list and logs above, usage with metrics and metadata below, then a line
// that says what happened and one with the keys. Pure.

#include <cstdint>

#include "cli/monit/canvas.h"
#include "cli/monit/monit_model.h"

namespace kpm::cli::monit {

// On anything smaller there is only a message.
inline constexpr Size kSmallest{80, 24};

Canvas draw(const Model& model, Size size, std::int64_t now);

}  // namespace kpm::cli::monit
