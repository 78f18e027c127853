#include <algorithm>
#include <regex>

#include "ipc/base/json.h"
#include "tests/support/cli_parity.h"

namespace kpm::test {
namespace {

constexpr std::string_view kBar = "│";
constexpr std::size_t kListColumns = 13;
constexpr std::size_t kDescribeColumns = 2;

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    for (auto at = kBar.size(); at < line.size();) {
        const auto end = std::min(line.find(kBar, at), line.size());
        cells.push_back(line.substr(at, end - at));
        at = end + kBar.size();
    }
    return cells;
}

std::string joined(const std::vector<std::string>& cells) {
    std::string text(kBar);
    for (const std::string& cell : cells) text.append(cell).append(kBar);
    return text;
}

// The width of the cell is kept: the geometry of the table is compared.
void mask_cell(std::string& cell, const std::string& pattern, std::string mask) {
    if (!std::regex_match(cell, std::regex(" " + pattern + " *"))) return;
    const std::size_t columns = cell.size() - (cell.ends_with("… ") ? std::string_view("…").size() - 1 : 0);
    mask.resize(columns, ' ');
    cell = mask;
}

std::string masked_line(const std::string& line) {
    struct Mask {
        std::regex what;
        const char* by;
    };
    static const std::vector<Mask> kMasks{
        {std::regex(R"(\d{4}-\d\d-\d\d[T -]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?)"), "<time>"},
        {std::regex(R"(^\d{3,}$)"), "<pid>"},
        {std::regex(R"(^pid : [1-9]\d*$)"), "pid : <pid>"},
        {std::regex(R"(^uptime : \d+[smhD]$)"), "uptime : <time>"},
        {std::regex(R"(^memory usage : [\d.]+[kmg]?b ?$)"), "memory usage : <memory>"},
    };
    std::string text = line;
    if (line.starts_with(kBar) && line.ends_with(kBar)) {
        auto cells = cells_of(line);
        if (cells.size() == kListColumns) {
            mask_cell(cells[5], "[1-9]\\d*", " <pid>");
            mask_cell(cells[6], "\\d+[smhD]", " <time>");
            mask_cell(cells[9], "[\\d.]+%", " <cpu>");
            mask_cell(cells[10], "[\\d.]+[kmg]?(b|…)", " <memory>");
            return joined(cells);
        }
        if (cells.size() == kDescribeColumns) {
            if (cells[0].starts_with(" uptime ")) mask_cell(cells[1], "\\d+[smhD]", " <uptime>");
            // Depends on whether a command came within a second of the start.
            if (cells[0].starts_with(" unstable restarts ")) mask_cell(cells[1], "\\d+", " <number>");
            text = joined(cells);
        }
    }
    for (const Mask& mask : kMasks) text = std::regex_replace(text, mask.what, mask.by);
    return text;
}

std::string without_colours(const std::string& text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        if (text.compare(at, 2, "\x1b[") == 0) {
            at = text.find_first_of("mJKHf", at);
            at = at == std::string::npos ? text.size() : at + 1;
        } else {
            result += text[at++];
        }
    }
    return result;
}

// Of jlist and prettylist only the shape is compared here: their members are compared after every command.
std::string list_shape(const std::string& text) {
    if (text.starts_with('[') && text.find("pm2_env") != std::string::npos) {
        const Json rows = Json::parse(text, nullptr, false);
        if (rows.is_array()) return "JSON of " + std::to_string(rows.size());
        std::string kept = "literal\n";
        static const std::regex kKept(R"( +(pm_id|name|namespace|status|restart_time|exec_mode): .*)");
        for (std::size_t at = 0; at < text.size();) {
            const auto end = std::min(text.find('\n', at), text.size());
            const std::string line = text.substr(at, end - at);
            if (line.size() < 100 && std::regex_match(line, kKept)) kept += line + "\n";
            at = end + 1;
        }
        return kept;
    }
    return "";
}

}  // namespace

std::string masked(std::string text, const std::map<std::string, std::string>& roots) {
    if (std::string shape = list_shape(text); !shape.empty()) return shape;
    text = without_colours(text);
    for (const auto& [path, mask] : roots) replace_all(text, path, mask);
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        at = end + 1;
        // Only there when the daemon has measured the machine, which takes pm2's some time.
        if (line.starts_with("host metrics")) continue;
        result += masked_line(line);
        if (end < text.size()) result += '\n';
    }
    return result;
}

}  // namespace kpm::test
