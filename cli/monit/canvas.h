#pragma once
// A grid of character cells, which the view draws on and a screen shows. Whatever is written on it is cleaned
// and cut to its place by the columns that it takes, so that no text can reach the terminal as anything but
// text. Pure.

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::cli::monit {

enum class Colour { Default, Red, Green, Yellow, Blue, Magenta, Cyan };

struct Look {
    Colour colour = Colour::Default;
    bool bold = false;
    bool dim = false;
    bool reverse = false;

    bool operator==(const Look&) const = default;
};

struct Cell {
    std::array<char32_t, 3> text{U' ', 0, 0};  // a character and what combines with it
    bool is_wide = false;                      // takes the next cell too
    bool is_tail = false;                      // the second half of the wide one before it
    Look look;

    bool operator==(const Cell&) const = default;
};

struct Spot {
    int x = 0, y = 0;
};

struct Size {
    int width = 0, height = 0;

    bool operator==(const Size&) const = default;
};

struct Rect {
    int x = 0, y = 0, width = 0, height = 0;

    Rect inside() const { return {x + 1, y + 1, width - 2, height - 2}; }
};

class Canvas {
public:
    explicit Canvas(Size size);

    Size size() const { return size_; }
    const Cell& at(Spot spot) const;  // within the size

    // Writes at most `room` columns; what is cut ends in "…". The number of columns taken.
    int write(Spot spot, int room, std::string_view text, const Look& look = {});
    // The same, ending at the right edge of the room.
    void write_right(Spot spot, int room, std::string_view text, const Look& look = {});
    void fill(const Rect& area, const Look& look = {});
    // A border, with a title in its upper edge.
    void frame(const Rect& area, std::string_view title, const Look& look);

    // A line as text, without the blanks at its end.
    std::string row(int y) const;

private:
    bool holds(Spot spot) const;
    void put(Spot spot, char32_t character, int columns, const Look& look);

    Size size_;
    std::vector<Cell> cells_;
};

}  // namespace kpm::cli::monit
