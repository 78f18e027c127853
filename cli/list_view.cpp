#include "cli/list_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "cli/gpu_view.h"
#include "cli/host_view.h"
#include "cli/table_view.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

enum class Width { Full, Condensed, Mini };

constexpr int kNameOfEmptyList = 11;
constexpr int kLongestName = 40;

int id_width(const std::vector<ProcessRow>& rows) {
    std::size_t digits = 1;
    for (const ProcessRow& row : rows) digits = std::max(digits, std::to_string(row.id).size());
    return std::max(4, static_cast<int>(digits) + 2);
}

int name_width(const std::vector<ProcessRow>& rows) {
    if (rows.empty()) return kNameOfEmptyList;
    int longest = 0;
    for (const ProcessRow& row : rows) longest = std::max(longest, display_width(printable(row.name)));
    return std::min(longest + 5, kLongestName);
}

std::string or_unknown(const std::string& text) {
    return text.empty() ? "N/A" : printable(text);
}

std::string name_text(const ProcessRow& row) {
    std::string name = printable(row.name);
    if (row.env().value("_km_monitored", Json(false)) == true) name = "[M] " + name;
    return name;
}

Cell mode_cell(const ProcessRow& row) {
    if (row.exec_mode == "fork_mode") return {"fork", {Style::Inverse, Style::Bold}};
    return {"cluster", {Style::Blue, Style::Bold}};
}

Cell watch_cell(const ProcessRow& row) {
    if (!text_of(row.env(), "watch_trouble").empty()) return {"in part", {Style::Yellow, Style::Bold}};
    return row.watching ? Cell{"enabled", {Style::Green, Style::Bold}} : Cell{"disabled", {Style::Grey}};
}

// One cell maker for each column that any of the layouts has.
struct ColumnMaker {
    std::string_view head;
    int width;
    Cell (*cell)(const ProcessRow&, std::int64_t now);
};

const ColumnMaker kId{"id", 4, [](const ProcessRow& r, std::int64_t) {
                          return Cell{std::to_string(r.id), {Style::Bold, Style::Cyan}};
                      }};
const ColumnMaker kName{"name", 0, [](const ProcessRow& r, std::int64_t) { return Cell{name_text(r)}; }};
const ColumnMaker kNamespace{
    "namespace", 13, [](const ProcessRow& r, std::int64_t) { return Cell{or_unknown(r.name_space)}; }};
const ColumnMaker kVersion{"version", 9,
                           [](const ProcessRow& r, std::int64_t) { return Cell{or_unknown(r.version)}; }};
const ColumnMaker kMode{"mode", 9, [](const ProcessRow& r, std::int64_t) { return mode_cell(r); }};
const ColumnMaker kPid{"pid", 10, [](const ProcessRow& r, std::int64_t) {
                           return Cell{r.pid ? std::to_string(*r.pid) : "N/A"};
                       }};
const ColumnMaker kUptime{"uptime", 8,
                          [](const ProcessRow& r, std::int64_t now) { return Cell{uptime_text(r, now)}; }};
const ColumnMaker kRestarts{
    "↺", 6, [](const ProcessRow& r, std::int64_t) { return Cell{std::to_string(r.restarts)}; }};
const ColumnMaker kStatus{"status", 11, [](const ProcessRow& r, std::int64_t) {
                              return Cell{printable(r.status), status_styles(r.status)};
                          }};
const ColumnMaker kCpu{"cpu", 10, [](const ProcessRow& r, std::int64_t) {
                           return Cell{r.cpu ? number_text(*r.cpu) + "%" : "N/A"};
                       }};
const ColumnMaker kMemory{"mem", 10,
                          [](const ProcessRow& r, std::int64_t) { return Cell{memory_text(r.memory)}; }};
const ColumnMaker kUser{"user", 10, [](const ProcessRow& r, std::int64_t) {
                            return Cell{or_unknown(r.user), {Style::Bold}};
                        }};
const ColumnMaker kWatching{"watching", 10, [](const ProcessRow& r, std::int64_t) { return watch_cell(r); }};

const ColumnMaker kGpu{"gpu", 14, [](const ProcessRow& r, std::int64_t) {
                           const std::string text = gpu_text(r);
                           return Cell{text.empty() ? "-" : printable(text)};
                       }};

const ColumnMaker kGpuPercent{"gpu%", 8,
                              [](const ProcessRow& r, std::int64_t) { return Cell{gpu_percent_text(r)}; }};
const ColumnMaker kGpuMemory{"vram", 10,
                             [](const ProcessRow& r, std::int64_t) { return Cell{gpu_memory_text(r)}; }};

ColumnMaker with(ColumnMaker maker, std::string_view head, int width) {
    maker.head = head;
    maker.width = width;
    return maker;
}

std::vector<ColumnMaker> layout(Width width, int id, int name) {
    const ColumnMaker id_column = with(kId, "id", id);
    switch (width) {
        case Width::Full:
            return {id_column,  with(kName, "name", name),
                    kNamespace, kVersion,
                    kMode,      kPid,
                    kUptime,    kRestarts,
                    kStatus,    kCpu,
                    kMemory,    kUser,
                    kWatching};
        case Width::Condensed:
            return {id_column,
                    with(kName, "name", std::min(name, 20)),
                    with(kMode, "mode", 10),
                    kRestarts,
                    kStatus,
                    kCpu,
                    with(kMemory, "memory", 10)};
        case Width::Mini:
            return {id_column, with(kName, "name", std::min(name, 16)), kStatus, with(kCpu, "cpu", 8),
                    kMemory};
    }
    return {};
}

// Only where an app has one: PM2's table has no such columns.
std::vector<ColumnMaker> with_gpu(std::vector<ColumnMaker> makers, const std::vector<ProcessRow>& rows,
                                  bool with_usage) {
    if (std::ranges::any_of(rows, [](const ProcessRow& row) { return !gpu_text(row).empty(); }))
        makers.push_back(kGpu);
    if (with_usage && std::ranges::any_of(rows, is_on_gpu))
        makers.insert(makers.end(), {kGpuPercent, kGpuMemory});
    return makers;
}

Table table_of(const std::vector<ColumnMaker>& makers, const std::vector<ProcessRow>& rows,
               std::int64_t now) {
    Table table;
    table.first_column_is_head = true;
    for (const ColumnMaker& maker : makers) table.columns.push_back({std::string(maker.head), maker.width});
    for (const ProcessRow& row : rows) {
        auto& cells = table.rows.emplace_back();
        for (const ColumnMaker& maker : makers) cells.push_back(maker.cell(row, now));
    }
    return table;
}

std::string modules_text(const std::vector<ProcessRow>& modules, const ListLook& look) {
    const Paint paint(look.terminal.colour);
    const auto makers = std::vector<ColumnMaker>{with(kId, "id", id_width(modules)),
                                                 with(kName, "module", 30),
                                                 with(kVersion, "version", 15),
                                                 kPid,
                                                 with(kStatus, "status", 10),
                                                 kRestarts,
                                                 kCpu,
                                                 kMemory,
                                                 kUser};
    return paint(modules.size() == 1 ? "Module" : "Modules", {Style::Bold}) + "\n" +
           render_table(table_of(makers, modules, look.now), paint);
}

}  // namespace

void sort_rows(std::vector<ProcessRow>& rows, std::string_view order) {
    const auto parts = split(order, ':');
    const std::string_view field = parts[0];
    const bool descending = parts.size() > 1 && parts[1] == "desc";
    const auto by = [&](auto key) {
        std::stable_sort(rows.begin(), rows.end(), [&](const ProcessRow& a, const ProcessRow& b) {
            return descending ? key(b) < key(a) : key(a) < key(b);
        });
    };
    if (field == "id") return by([](const ProcessRow& r) { return r.id; });
    if (field == "pid") return by([](const ProcessRow& r) { return r.pid.value_or(0); });
    if (field == "cpu") return by([](const ProcessRow& r) { return r.cpu.value_or(0); });
    if (field == "memory") return by([](const ProcessRow& r) { return r.memory.value_or(0); });
    if (field == "uptime") return by([](const ProcessRow& r) { return r.online_since; });
    if (field == "status") return by([](const ProcessRow& r) -> const std::string& { return r.status; });
    if (field == "namespace")
        return by([](const ProcessRow& r) -> const std::string& { return r.name_space; });
    by([](const ProcessRow& r) -> const std::string& { return r.name; });
}

std::vector<Style> status_styles(std::string_view status) {
    const Style colour = status == "online" ? Style::Green : status == "launching" ? Style::Blue : Style::Red;
    return {colour, Style::Bold};
}

std::string list_text(std::vector<ProcessRow> rows, const Json& system_data, const ListLook& look) {
    const int name = name_width(rows);  // PM2 makes room for the modules' names too
    const auto first_module =
        std::stable_partition(rows.begin(), rows.end(), [](const ProcessRow& row) { return !row.is_module; });
    std::vector<ProcessRow> modules(first_module, rows.end());
    rows.erase(first_module, rows.end());
    sort_rows(rows, look.sort);
    const int id = id_width(rows);
    std::string text;
    bool condensed = false;
    // What a GPU is used for goes first where there is no room, then the columns that PM2 leaves out.
    constexpr std::array<std::pair<Width, bool>, 5> kForms{{{Width::Full, true},
                                                            {Width::Full, false},
                                                            {Width::Condensed, true},
                                                            {Width::Condensed, false},
                                                            {Width::Mini, false}}};
    for (const auto& [width, with_usage] : kForms) {
        Table table = table_of(with_gpu(layout(width, id, name), rows, with_usage), rows, look.now);
        if (width != Width::Mini && table_width(table.columns) > look.terminal.width) continue;
        text = render_table(std::move(table), Paint(look.terminal.colour));
        condensed = width != Width::Full;
        break;
    }
    if (!modules.empty()) text += modules_text(modules, look);
    return text + host_line(system_data, condensed, Paint(look.terminal.colour));
}

std::string mini_list_text(const std::vector<ProcessRow>& rows, std::int64_t now) {
    std::string text;
    for (const ProcessRow& row : rows) {
        text += fmt::format(
            "+--- {}\nnamespace : {}\nversion : {}\npid : {}\npm2 id : {}\nstatus : {}\nmode : {}\nrestarted "
            ": {}\n"
            "uptime : {}\nmemory usage : {} \nerror log : {}\nwatching : {}\nPID file : {}\n\n",
            printable(row.name), or_unknown(row.name_space), or_unknown(row.version),
            row.pid ? std::to_string(*row.pid) : "N/A", row.id, printable(row.status),
            row.exec_mode == "fork_mode" ? "fork" : "cluster", row.restarts, uptime_text(row, now),
            memory_text(row.memory), printable(row.error_log), row.watching ? "yes" : "no",
            printable(row.pid_file));
    }
    return text;
}

}  // namespace kpm::cli
