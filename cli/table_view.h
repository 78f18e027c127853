#pragma once
// A table as text: box lines, one rule under the head, cells padded by one blank on each side and cut with
// "…". Pure: rows in, text out. The shape is that of PM2's `list` and `describe`, to the byte, colours
// included.

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace kpm::cli {

struct Cell {
    std::string text;
    std::vector<Style> styles = {};
};

struct Column {
    std::string head;
    int width = 0;  // with both blanks; 0 = as wide as the widest cell
};

struct Table {
    std::vector<Column> columns;
    bool has_head = true;
    bool first_column_is_head = false;  // painted like the head
    std::vector<std::vector<Cell>> rows;
};

// With the box lines.
int table_width(const std::vector<Column>& columns);

// Ends with a newline.
std::string render_table(Table table, const Paint& paint);

}  // namespace kpm::cli
