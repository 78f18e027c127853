#include "cli/gpu_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "cli/table_view.h"

namespace kpm::cli {
namespace {

const Json& state_of(const ProcessRow& row) {
    static const Json kNone;
    const auto state = row.env().find("gpu_state");
    return state == row.env().end() ? kNone : *state;
}

std::string known_text(const Json& gpu, const char* key) {
    const std::string text = text_of(gpu, key);
    return text.empty() ? "N/A" : printable(text);
}

Cell health_cell(const Json& gpu) {
    const std::string health = known_text(gpu, "health");
    const Style colour = health == "healthy" ? Style::Green : health == "held" ? Style::Yellow : Style::Red;
    return {health, {colour, Style::Bold}};
}

// " 12.5% 1.2gb", as far as it is known
std::string usage_of(const Json& worker) {
    std::string text;
    if (const std::string percent = text_of(worker, "gpu_percent"); !percent.empty())
        text += " " + printable(percent) + "%";
    if (const auto memory = integer_of(worker, "memory_bytes")) text += " " + memory_text(memory);
    return text;
}

// "render (0) 12.5% 1.2gb, render (3) stopped"
std::string workers_on(const Json& gpu) {
    std::string text;
    const auto workers = gpu.find("workers");
    if (workers == gpu.end() || !workers->is_array()) return text;
    for (const Json& worker : *workers) {
        const std::string status = text_of(worker, "status");
        text += fmt::format("{}{} ({}){}{}", text.empty() ? "" : ", ", known_text(worker, "name"),
                            known_text(worker, "pm_id"), status == "online" ? "" : " " + printable(status),
                            usage_of(worker));
    }
    return text;
}

// Figures that only some drivers tell: a column is there when one does.
struct Figure {
    const char* title;
    std::string (*text)(const Json& gpu);  // "" = unknown
};

std::string with_unit(const Json& gpu, const char* key, const char* unit) {
    const std::string number = text_of(gpu, key);
    return number.empty() ? "" : printable(number) + unit;
}

std::string memory_of(const Json& gpu) {
    const auto number = [&](const char* key) { return integer_of(gpu, key); };
    if (text_of(gpu, "memory_total_bytes").empty() || text_of(gpu, "memory_used_bytes").empty()) return "";
    return memory_text(number("memory_used_bytes")) + "/" + memory_text(number("memory_total_bytes"));
}

constexpr Figure kFigures[] = {
    {"use", [](const Json& gpu) { return with_unit(gpu, "percent", "%"); }},
    {"memory", memory_of},
    {"temp", [](const Json& gpu) { return with_unit(gpu, "temperature_celsius", " C"); }},
    {"power", [](const Json& gpu) { return with_unit(gpu, "power_watts", " W"); }},
    {"mig", [](const Json& gpu) { return gpu.value("mig", Json()) == true ? std::string("on") : ""; }},
};

}  // namespace

std::string gpu_text(const ProcessRow& row) {
    const Json& state = state_of(row);
    const std::string kind = text_of(state, "kind");
    if (kind != "gpu") return kind == "software" ? "sw" : kind;
    std::string pci = text_of(state, "pci");
    return pci.starts_with("0000:") ? pci.substr(5) : pci;
}

bool is_on_gpu(const ProcessRow& row) {
    return text_of(state_of(row), "kind") == "gpu";
}

std::string gpu_percent_text(const ProcessRow& row) {
    if (!is_on_gpu(row)) return "-";
    return row.gpu_percent ? number_text(*row.gpu_percent) + "%" : "N/A";
}

std::string gpu_memory_text(const ProcessRow& row) {
    return is_on_gpu(row) ? memory_text(row.gpu_memory) : "-";
}

std::string gpu_long_text(const ProcessRow& row) {
    const Json& state = state_of(row);
    std::string text;
    for (const char* key : {"pci", "name", "uuid"})
        if (const std::string part = text_of(state, key); !part.empty())
            text += (text.empty() ? "" : ", ") + part;
    return text.empty() ? text_of(state, "kind") : text;
}

std::string gpu_note(const ProcessRow& row) {
    const std::string others = words_of(state_of(row), "also_uses");
    return others.empty()
               ? ""
               : fmt::format("uses GPU {}, was assigned {}", others, text_of(state_of(row), "pci"));
}

std::string gpus_text(const Json& gpus, const Paint& paint) {
    std::vector<const Json*> shown;
    if (gpus.is_array())
        for (const Json& gpu : gpus)
            if (gpu.is_object()) shown.push_back(&gpu);
    Table table;
    table.columns = {{"pci", 0}, {"name", 0}, {"driver", 0}, {"node", 0}, {"health", 0}};
    table.first_column_is_head = true;
    for (const Json* gpu : shown)
        table.rows.push_back({{known_text(*gpu, "pci")},
                              {known_text(*gpu, "name")},
                              {known_text(*gpu, "driver")},
                              {known_text(*gpu, "render_node")},
                              health_cell(*gpu)});
    for (const Figure& figure : kFigures) {
        if (std::ranges::all_of(shown, [&](const Json* gpu) { return figure.text(*gpu).empty(); })) continue;
        table.columns.push_back({figure.title, 0});
        for (std::size_t i = 0; i < shown.size(); ++i) {
            std::string text = figure.text(*shown[i]);
            table.rows[i].push_back({text.empty() ? "-" : std::move(text)});
        }
    }
    table.columns.push_back({"workers", 0});
    for (std::size_t i = 0; i < shown.size(); ++i) table.rows[i].push_back({workers_on(*shown[i])});
    return table.rows.empty() ? "no GPU found\n" : render_table(std::move(table), paint);
}

}  // namespace kpm::cli
