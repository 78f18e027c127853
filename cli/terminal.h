#pragma once
// What the output goes to, and the colours it may carry. Asked once per command, before anything is printed.
// Colour is on for a terminal and for FORCE_COLOR, off for --no-color, NO_COLOR, FORCE_COLOR=0 and TERM=dumb.
// (PM2 also colours pipes when PM2_HOME is set, so that scripts grep escape codes; this is not repeated
// here.)

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace kpm::cli {

struct Terminal {
    bool is_tty = false;
    bool colour = false;
    int width = 300;  // columns; a pipe counts as 300, so that nothing is cut off in it
};

Terminal detect_terminal(int fd, bool colour_refused);

enum class Style { Bold, Dim, Italic, Inverse, Red, Green, Yellow, Blue, Cyan, White, Grey, GreyBackground };

// Wraps text in escape codes, the first style outermost; a style that ends inside the text is opened again
// after it. Without colour the text comes back as it is.
class Paint {
public:
    explicit Paint(bool colour) : colour_(colour) {}

    std::string operator()(std::string_view text, std::span<const Style> styles) const;
    std::string operator()(std::string_view text, std::initializer_list<Style> styles) const {
        return (*this)(text, std::span(styles.begin(), styles.size()));
    }
    bool colour() const { return colour_; }

private:
    bool colour_;
};

// One character of UTF-8 text. A byte that is not UTF-8 counts as a character of its own: of size 1 and at
// least 0x80.
struct CodePoint {
    std::uint32_t value = 0;
    std::size_t size = 1;
};
CodePoint code_point_at(std::string_view text, std::size_t at);
// Columns that a character takes on a terminal: 0, 1 or 2.
int columns_of(std::uint32_t code_point);

// The text without control characters (C0, DEL, C1) and without those that turn the direction of writing: a
// name must not be able to move the cursor of whoever lists it, nor to look like another.
std::string printable(std::string_view text);

// Columns that the text takes on a terminal: UTF-8, wide East Asian characters count twice, escape codes not
// at all.
int display_width(std::string_view text);
// At most `width` columns; what is cut ends in "…". For text without escape codes.
std::string truncated(std::string_view text, int width);

}  // namespace kpm::cli
