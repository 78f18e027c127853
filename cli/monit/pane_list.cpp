// The list of processes: a line each, with pictures of their usage where there is room.
#include <fmt/format.h>

#include <algorithm>

#include "cli/gpu_view.h"
#include "cli/monit/panes.h"
#include "cli/terminal.h"

namespace kpm::cli::monit {
namespace {

constexpr int kCpuWidth = 6, kMemoryWidth = 8, kStatusWidth = 9;
constexpr int kGpuWidth = 8, kGpuPercentWidth = 6, kGpuMemoryWidth = 8;
constexpr int kShortestName = 10, kLongestName = 24;  // what pictures leave to the names
constexpr int kNarrowestPicture = 4, kWidestPicture = 16;
constexpr double kFullCpu = 25;  // percent; a process that never needs more still shows its ups and downs

struct Columns {
    int id = 2, name = 0, picture = 0;
    int gpu = 0;                 // 0: no app has one, or the names would have no room beside it
    bool has_gpu_usage = false;  // likewise
};

Columns columns_of(int width, const std::vector<const ProcessRow*>& rows) {
    Columns columns;
    int longest = kShortestName;
    bool is_any_on_gpu = false;
    for (const ProcessRow* row : rows) {
        columns.id = std::max(columns.id, static_cast<int>(std::to_string(row->id).size()));
        longest = std::max(longest, display_width(printable(row->name)));
        if (!gpu_text(*row).empty()) columns.gpu = kGpuWidth;
        is_any_on_gpu = is_any_on_gpu || is_on_gpu(*row);
    }
    columns.name = width - columns.id - kCpuWidth - kMemoryWidth - kStatusWidth - 4;
    if (columns.name - columns.gpu - 1 < kShortestName) columns.gpu = 0;
    if (columns.gpu > 0) columns.name -= columns.gpu + 1;
    constexpr int kUsage = kGpuPercentWidth + kGpuMemoryWidth + 2;
    columns.has_gpu_usage = is_any_on_gpu && columns.gpu > 0 && columns.name - kUsage >= kShortestName;
    if (columns.has_gpu_usage) columns.name -= kUsage;
    const int picture = (columns.name - std::min(longest, kLongestName)) / 2 - 1;
    if (picture < kNarrowestPicture) return columns;
    columns.picture = std::min(picture, kWidestPicture);
    columns.name -= 2 * (columns.picture + 1);
    return columns;
}

Colour colour_of_status(std::string_view status) {
    if (status == "online") return Colour::Green;
    if (status == "launching") return Colour::Blue;
    if (status == "stopping" || status == "waiting restart") return Colour::Yellow;
    return Colour::Red;
}

// Writes cells from left to right with a blank between them.
class Line {
public:
    Line(Canvas& canvas, Spot start, const Look& look) : canvas_(canvas), at_(start), look_(look) {}

    void left(int width, std::string_view text, const Look& look) {
        canvas_.write(at_, width, text, look);
        at_.x += width + 1;
    }
    void left(int width, std::string_view text) { left(width, text, look_); }
    void right(int width, std::string_view text) {
        canvas_.write_right(at_, width, text, look_);
        at_.x += width + 1;
    }

private:
    Canvas& canvas_;
    Spot at_;
    Look look_;
};

void draw_head(Canvas& canvas, const Rect& area, const Columns& columns) {
    Line line(canvas, {area.x, area.y}, {.dim = true});
    line.right(columns.id, "id");
    line.left(columns.name, "name");
    line.right(kCpuWidth, "cpu");
    if (columns.picture > 0) line.left(columns.picture, "");
    line.right(kMemoryWidth, "mem");
    if (columns.picture > 0) line.left(columns.picture, "");
    if (columns.gpu > 0) line.left(columns.gpu, "gpu");
    if (columns.has_gpu_usage) {
        line.right(kGpuPercentWidth, "gpu%");
        line.right(kGpuMemoryWidth, "vram");
    }
    line.left(kStatusWidth, "status");
}

void draw_row(Canvas& canvas, const Rect& area, const ProcessRow& row, const Usage& usage,
              const Columns& columns, bool is_selected) {
    const Look look{.bold = is_selected, .reverse = is_selected};
    const auto coloured = [&](Colour colour) { return Look{colour, is_selected, false, is_selected}; };
    canvas.fill(area, look);
    Line line(canvas, {area.x, area.y}, look);
    line.right(columns.id, std::to_string(row.id));
    line.left(columns.name, row.name);
    line.right(kCpuWidth, row.cpu ? fmt::format("{:.1f}%", *row.cpu) : "N/A");
    if (columns.picture > 0)
        line.left(columns.picture,
                  sparkline(usage.cpu, columns.picture, scale_from_zero(usage.cpu, kFullCpu)),
                  coloured(Colour::Cyan));
    line.right(kMemoryWidth, memory_text(row.memory));
    if (columns.picture > 0)
        line.left(columns.picture, sparkline(usage.memory, columns.picture, scale_of_range(usage.memory)),
                  coloured(Colour::Magenta));
    if (columns.gpu > 0) line.left(columns.gpu, gpu_text(row));
    if (columns.has_gpu_usage) {
        line.right(kGpuPercentWidth, gpu_percent_text(row));
        line.right(kGpuMemoryWidth, gpu_memory_text(row));
    }
    line.left(kStatusWidth, row.status, coloured(colour_of_status(row.status)));
}

}  // namespace

std::string list_title(const Model& model) {
    const AppTable& apps = model.apps();
    const std::string order = fmt::format("by {}", order_name(apps.order()));
    if (apps.filter().empty()) return fmt::format("Processes ({}, {})", apps.size(), order);
    return fmt::format("Processes ({}/{} with '{}', {})", apps.shown().size(), apps.size(), apps.filter(),
                       order);
}

void draw_list(Canvas& canvas, const Rect& area, const Model& model) {
    const auto& rows = model.apps().shown();
    const Columns columns = columns_of(area.width, rows);
    draw_head(canvas, area, columns);
    const auto height = static_cast<std::size_t>(std::max(0, area.height - 1));
    const std::size_t selected = model.apps().selected_index().value_or(0);
    const std::size_t last_top = rows.size() > height ? rows.size() - height : 0;
    const std::size_t top = std::min(selected > height / 2 ? selected - height / 2 : 0, last_top);
    for (std::size_t i = top; i < rows.size() && i - top < height; ++i) {
        const Rect place{area.x, area.y + 1 + static_cast<int>(i - top), area.width, 1};
        draw_row(canvas, place, *rows[i], model.apps().usage(rows[i]->id), columns, i == selected);
    }
    if (rows.empty()) {
        canvas.write({area.x, area.y + 1}, area.width,
                     model.apps().size() == 0 ? "no processes" : "no name has this in it", {.dim = true});
    }
}

}  // namespace kpm::cli::monit
