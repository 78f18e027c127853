#include "cli/monit/canvas.h"

#include <algorithm>

#include "cli/monit/clean_text.h"
#include "cli/terminal.h"
#include "ecosystem/utf8.h"

namespace kpm::cli::monit {
namespace {

Size at_least_nothing(Size size) {
    return {std::max(0, size.width), std::max(0, size.height)};
}

std::size_t count_of(Size size) {
    return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
}

}  // namespace

Canvas::Canvas(Size size) : size_(at_least_nothing(size)), cells_(count_of(size_)) {}

const Cell& Canvas::at(Spot spot) const {
    return cells_[static_cast<std::size_t>(spot.y) * static_cast<std::size_t>(size_.width) +
                  static_cast<std::size_t>(spot.x)];
}

bool Canvas::holds(Spot spot) const {
    return spot.x >= 0 && spot.y >= 0 && spot.x < size_.width && spot.y < size_.height;
}

void Canvas::put(Spot spot, char32_t character, int columns, const Look& look) {
    if (!holds(spot) || !holds({spot.x + columns - 1, spot.y})) return;
    const auto cell = [&](int x) -> Cell& { return const_cast<Cell&>(at({x, spot.y})); };
    const int end = spot.x + columns;
    // A wide character that loses one half is none any more.
    if (cell(spot.x).is_tail) cell(spot.x - 1) = Cell{.look = cell(spot.x - 1).look};
    if (end < size_.width && cell(end).is_tail) cell(end) = Cell{.look = cell(end).look};
    cell(spot.x) = Cell{{character, 0, 0}, columns == 2, false, look};
    if (columns == 2) cell(spot.x + 1) = Cell{{U' ', 0, 0}, false, true, look};
}

int Canvas::write(Spot spot, int room, std::string_view text, const Look& look) {
    if (room <= 0) return 0;
    const std::string shown = truncated(clean_text(text), room);
    int x = spot.x;
    int last = -1;  // where the character stands that a combining one belongs to
    for (std::size_t at = 0; at < shown.size();) {
        const CodePoint c = code_point_at(shown, at);
        at += c.size;
        const int columns = columns_of(c.value);
        if (columns > 0) {
            put({x, spot.y}, c.value, columns, look);
            last = x;
            x += columns;
        } else if (last >= 0 && holds({last, spot.y})) {
            auto& marks = const_cast<Cell&>(this->at({last, spot.y})).text;
            const auto free = std::ranges::find(marks, U'\0');
            if (free != marks.end()) *free = c.value;
        }
    }
    return x - spot.x;
}

void Canvas::write_right(Spot spot, int room, std::string_view text, const Look& look) {
    const std::string shown = truncated(clean_text(text), std::max(0, room));
    const int used = std::min(room, display_width(shown));
    write({spot.x + room - used, spot.y}, used, shown, look);
}

void Canvas::fill(const Rect& area, const Look& look) {
    for (int y = area.y; y < area.y + area.height; ++y) {
        for (int x = area.x; x < area.x + area.width; ++x) put({x, y}, U' ', 1, look);
    }
}

void Canvas::frame(const Rect& area, std::string_view title, const Look& look) {
    if (area.width < 2 || area.height < 2) return;
    const int right = area.x + area.width - 1;
    const int bottom = area.y + area.height - 1;
    for (int x = area.x + 1; x < right; ++x) {
        put({x, area.y}, U'─', 1, look);
        put({x, bottom}, U'─', 1, look);
    }
    for (int y = area.y + 1; y < bottom; ++y) {
        put({area.x, y}, U'│', 1, look);
        put({right, y}, U'│', 1, look);
    }
    put({area.x, area.y}, U'┌', 1, look);
    put({right, area.y}, U'┐', 1, look);
    put({area.x, bottom}, U'└', 1, look);
    put({right, bottom}, U'┘', 1, look);
    if (!title.empty()) write({area.x + 1, area.y}, area.width - 2, " " + std::string(title) + " ", look);
}

std::string Canvas::row(int y) const {
    std::string text;
    for (int x = 0; x < size_.width; ++x) {
        const Cell& cell = at({x, y});
        if (cell.is_tail) continue;
        for (const char32_t c : cell.text) {
            if (c != 0) ecosystem::append_utf8(text, c);
        }
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace kpm::cli::monit
