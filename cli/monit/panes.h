#pragma once
// What stands inside each pane, and its title. Each draws within the area that it is given. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/monit/canvas.h"
#include "cli/monit/monit_model.h"

namespace kpm::cli::monit {

std::string list_title(const Model& model);
std::string logs_title(const Model& model);

void draw_list(Canvas& canvas, const Rect& area, const Model& model);
void draw_logs(Canvas& canvas, const Rect& area, const Model& model);
// The selected process' CPU and memory over time, and below the metrics that it reports.
void draw_usage(Canvas& canvas, const Rect& area, const Model& model);
void draw_metadata(Canvas& canvas, const Rect& area, const Model& model, std::int64_t now);

// Pieces of at most `width` columns, at least one. They point into the text, which must be clean.
std::vector<std::string_view> wrap(std::string_view text, int width);

}  // namespace kpm::cli::monit
