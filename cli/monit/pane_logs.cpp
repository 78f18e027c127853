// The last log lines of the selected process, wrapped, the newest at the bottom.
#include <fmt/format.h>

#include "cli/monit/panes.h"
#include "cli/terminal.h"

namespace kpm::cli::monit {

std::string logs_title(const Model& model) {
    const ProcessRow* row = model.apps().selected();
    if (row == nullptr) return "Logs";
    const std::size_t offset = model.scroll(Pane::Logs);
    return offset == 0 ? fmt::format("Logs of {} ({})", row->name, row->id)
                       : fmt::format("Logs of {} ({}), {} before the end", row->name, row->id, offset);
}

std::vector<std::string_view> wrap(std::string_view text, int width) {
    std::vector<std::string_view> pieces;
    std::size_t start = 0;
    int used = 0;
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint c = code_point_at(text, at);
        const int columns = columns_of(c.value);
        if (used + columns > width && at > start) {
            pieces.push_back(text.substr(start, at - start));
            start = at;
            used = 0;
        }
        used += columns;
        at += c.size;
    }
    pieces.push_back(text.substr(start));
    return pieces;
}

void draw_logs(Canvas& canvas, const Rect& area, const Model& model) {
    const ProcessRow* row = model.apps().selected();
    if (row == nullptr) return;
    const auto& lines = model.logs().lines(row->id);
    if (lines.empty()) {
        canvas.write({area.x, area.y}, area.width, "nothing logged since monit was opened", {.dim = true});
        return;
    }
    const std::size_t end = lines.size() - std::min(model.scroll(Pane::Logs), lines.size() - 1);
    // From the bottom up, until there is no more room.
    int free = area.height;
    for (std::size_t i = end; i-- > 0 && free > 0;) {
        const Look look{lines[i].is_error ? Colour::Red : Colour::Green};
        const auto pieces = wrap(lines[i].text, area.width);
        for (std::size_t piece = pieces.size(); piece-- > 0 && free > 0;)
            canvas.write({area.x, area.y + --free}, area.width, pieces[piece], look);
    }
    if (free == 0) return;
    // Too few lines to fill the pane: they begin at its top.
    canvas.fill(area);
    int y = area.y;
    for (std::size_t i = 0; i < end; ++i) {
        for (const std::string_view piece : wrap(lines[i].text, area.width)) {
            canvas.write({area.x, y++}, area.width, piece, {lines[i].is_error ? Colour::Red : Colour::Green});
        }
    }
}

}  // namespace kpm::cli::monit
