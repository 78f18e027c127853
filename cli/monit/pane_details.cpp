// The lower panes: usage and metrics of the selected process, and its metadata.
#include <fmt/format.h>

#include <algorithm>

#include "cli/gpu_view.h"
#include "cli/monit/details.h"
#include "cli/monit/panes.h"
#include "cli/terminal.h"

namespace kpm::cli::monit {
namespace {

constexpr int kLabelWidth = 4, kValueWidth = 9;
constexpr double kFullCpu = 25, kFullGpu = 25;

void draw_details(Canvas& canvas, const Rect& area, const std::vector<Detail>& details, std::size_t offset) {
    int names = 0;
    for (const Detail& detail : details)
        names = std::max(names, std::min(display_width(printable(detail.name)), area.width / 2));
    for (std::size_t i = offset; i < details.size(); ++i) {
        const int y = area.y + static_cast<int>(i - offset);
        if (y >= area.y + area.height) return;
        canvas.write({area.x, y}, names, details[i].name, {.dim = true});
        canvas.write({area.x + names + 1, y}, area.width - names - 1, details[i].value, {.bold = true});
    }
}

void draw_measure(Canvas& canvas, const Rect& area, std::string_view label, std::string_view value,
                  std::string_view picture, Colour colour) {
    canvas.write({area.x, area.y}, kLabelWidth, label, {.dim = true});
    canvas.write({area.x + kLabelWidth, area.y}, area.width - kLabelWidth - kValueWidth, picture, {colour});
    canvas.write_right({area.x + area.width - kValueWidth, area.y}, kValueWidth, value, {.bold = true});
}

}  // namespace

void draw_usage(Canvas& canvas, const Rect& area, const Model& model) {
    const ProcessRow* row = model.apps().selected();
    if (row == nullptr || area.height < 3) return;
    const Usage& usage = model.apps().usage(row->id);
    const int width = area.width - kLabelWidth - kValueWidth;
    draw_measure(canvas, {area.x, area.y, area.width, 1}, "cpu",
                 row->cpu ? fmt::format("{:.1f}%", *row->cpu) : "N/A",
                 sparkline(usage.cpu, width, scale_from_zero(usage.cpu, kFullCpu)), Colour::Cyan);
    draw_measure(canvas, {area.x, area.y + 1, area.width, 1}, "mem", memory_text(row->memory),
                 sparkline(usage.memory, width, scale_of_range(usage.memory)), Colour::Magenta);
    int lines = 2;
    if (is_on_gpu(*row) && area.height >= 5) {
        draw_measure(canvas, {area.x, area.y + 2, area.width, 1}, "gpu", gpu_percent_text(*row),
                     sparkline(usage.gpu, width, scale_from_zero(usage.gpu, kFullGpu)), Colour::Cyan);
        draw_measure(canvas, {area.x, area.y + 3, area.width, 1}, "vram", gpu_memory_text(*row),
                     sparkline(usage.vram, width, scale_of_range(usage.vram)), Colour::Magenta);
        lines = 4;
    }
    const Rect below{area.x, area.y + lines, area.width, area.height - lines};
    const auto metrics = metrics_of(*row);
    if (metrics.empty())
        canvas.write({below.x, below.y}, below.width, "no custom metrics", {.dim = true});
    else
        draw_details(canvas, below, metrics, std::min(model.scroll(Pane::Metrics), metrics.size() - 1));
}

void draw_metadata(Canvas& canvas, const Rect& area, const Model& model, std::int64_t now) {
    const ProcessRow* row = model.apps().selected();
    if (row == nullptr) return;
    const auto details = metadata_of(*row, now);
    draw_details(canvas, area, details, std::min(model.scroll(Pane::Metadata), details.size() - 1));
}

}  // namespace kpm::cli::monit
