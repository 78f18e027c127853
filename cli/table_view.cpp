#include "cli/table_view.h"

#include <algorithm>

namespace kpm::cli {
namespace {

constexpr Style kHead[] = {Style::Bold, Style::Cyan};

struct RuleGlyphs {
    std::string_view left, middle, right;
};

void fit_columns(Table& table) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        Column& column = table.columns[i];
        if (column.width > 0) continue;
        int widest = table.has_head ? display_width(column.head) : 0;
        for (const auto& row : table.rows) widest = std::max(widest, display_width(row[i].text));
        column.width = widest + 2;
    }
}

void append_rule(std::string& out, const Table& table, const RuleGlyphs& glyphs, const Paint& paint) {
    std::string line(glyphs.left);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (i > 0) line += glyphs.middle;
        for (int n = 0; n < table.columns[i].width; ++n) line += "─";
    }
    line += glyphs.right;
    out.append(paint(line, {Style::Grey})).append("\n");
}

void append_row(std::string& out, const Table& table, const std::vector<Cell>& row, const Paint& paint,
                bool is_head) {
    const std::string bar = paint("│", {Style::Grey});
    out += bar;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const int room = table.columns[i].width - 2;
        const std::string text = truncated(row[i].text, room);
        std::string cell = " " + paint(text, row[i].styles);
        cell.append(static_cast<std::size_t>(std::max(0, room - display_width(text))) + 1, ' ');
        const bool as_head = is_head || (i == 0 && table.first_column_is_head);
        out.append(as_head ? paint(cell, kHead) : cell).append(bar);
    }
    out += "\n";
}

}  // namespace

int table_width(const std::vector<Column>& columns) {
    int width = 1;
    for (const Column& column : columns) width += column.width + 1;
    return width;
}

std::string render_table(Table table, const Paint& paint) {
    fit_columns(table);
    std::string out;
    append_rule(out, table, {"┌", "┬", "┐"}, paint);
    if (table.has_head) {
        std::vector<Cell> head;
        for (const Column& column : table.columns) head.push_back({column.head});
        append_row(out, table, head, paint, true);
        if (!table.rows.empty()) append_rule(out, table, {"├", "┼", "┤"}, paint);
    }
    for (const auto& row : table.rows) append_row(out, table, row, paint, false);
    append_rule(out, table, {"└", "┴", "┘"}, paint);
    return out;
}

}  // namespace kpm::cli
