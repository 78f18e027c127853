#include "cli/host_view.h"

#include <fmt/format.h>

#include <optional>

#include "cli/process_row.h"

namespace kpm::cli {
namespace {

// From where on a figure is marked, and marked as too high. PM2's thresholds.
struct Limits {
    double warm, hot;
};
constexpr Limits kCpu{40, 70};
constexpr Limits kMemory{70, 90};
constexpr Limits kTransfer{10, 20};
constexpr Limits kTrouble{1, 10};
constexpr Limits kFileSystem{80, 90};
// File systems that are less full are not worth a word.
constexpr double kFullFileSystem = 60;

std::optional<double> value_of(const Json& data, const std::string& key) {
    const auto metric = data.find(key);
    if (metric == data.end() || !metric->is_object()) return std::nullopt;
    const auto value = metric->find("value");
    if (value == metric->end() || !value->is_number()) return std::nullopt;
    return value->get<double>();
}

// Nothing is never coloured.
std::string figure(double value, Limits limits, std::string_view unit, const Paint& paint) {
    const std::string text = number_text(value) + std::string(unit);
    if (value == 0) return text;
    if (value < limits.warm) return paint(text, {Style::Green});
    return paint(text, {Style::Bold, value <= limits.hot ? Style::Yellow : Style::Red});
}

std::string rates(double in, double out, const Paint& paint) {
    return fmt::format("⇓ {} ⇑ {}", figure(in, kTransfer, "mb/s", paint),
                       figure(out, kTransfer, "mb/s", paint));
}

// " err 3/min" of what went wrong in both directions; nothing when all is well.
std::string trouble(const Json& data, std::string_view word, std::string_view counter,
                    const std::string& interface, const Paint& paint) {
    const auto of = [&](std::string_view way) {
        return value_of(data, fmt::format("net:{}_{}_60:{}", way, counter, interface)).value_or(0);
    };
    const double count = of("rx") + of("tx");
    return count > 0
               ? fmt::format(" {} {}", paint(word, {Style::Bold}), figure(count, kTrouble, "/min", paint))
               : std::string();
}

std::string interfaces(const Json& data, const Paint& paint) {
    constexpr std::string_view kPrefix = "net:rx_5:";
    std::string text;
    for (const auto& [key, metric] : data.items()) {
        if (!key.starts_with(kPrefix)) continue;
        const std::string name = key.substr(kPrefix.size());
        const double in = value_of(data, key).value_or(0);
        const double out = value_of(data, "net:tx_5:" + name).value_or(0);
        if (in == 0 && out == 0) continue;
        text += fmt::format(" | {}: {}", paint(printable(name), {Style::Bold}), rates(in, out, paint));
        text += trouble(data, "err", "errors", name, paint) + trouble(data, "drop", "dropped", name, paint);
    }
    return text;
}

std::string disks(const Json& data, const Paint& paint) {
    constexpr std::string_view kPrefix = "fs:use:";
    const auto reads = value_of(data, "Disk Reads");
    if (!reads) return "";
    std::string text = fmt::format(" | {}: {}", paint("disk", {Style::Bold}),
                                   rates(*reads, value_of(data, "Disk Writes").value_or(0), paint));
    for (const auto& [key, metric] : data.items()) {
        const double used = key.starts_with(kPrefix) ? value_of(data, key).value_or(0) : 0;
        if (used <= kFullFileSystem) continue;
        text += fmt::format(" {} {}", paint(printable(key.substr(kPrefix.size())), {Style::Grey}),
                            figure(used, kFileSystem, "%", paint));
    }
    return text;
}

}  // namespace

std::string host_line(const Json& data, bool condensed, const Paint& paint) {
    if (!data.is_object()) return "";
    const auto cpu = value_of(data, "CPU Usage");
    if (!cpu) return "";
    std::string line = fmt::format("{} | {}: {}", paint("host metrics", {Style::Bold, Style::Cyan}),
                                   paint("cpu", {Style::Bold}), figure(*cpu, kCpu, "%", paint));
    if (const auto memory = value_of(data, "RAM Usage")) {
        line +=
            fmt::format(" | {}: {}", paint("ram usage", {Style::Bold}), figure(*memory, kMemory, "%", paint));
    }
    line += interfaces(data, paint);
    if (!condensed) line += disks(data, paint);
    return line + "\n";
}

}  // namespace kpm::cli
