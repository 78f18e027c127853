#include "daemon/gpu_monitor/readings_line.h"

#include <fmt/format.h>

#include <iterator>

namespace kpm::gpu_monitor {
namespace {

// Texts are a driver's: what is no printable ASCII is left out.
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c < ' ' || c > '~') continue;
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

template <class Number>
std::string or_null(const std::optional<Number>& number) {
    return number ? fmt::format("{}", *number) : "null";
}

std::string text_of(const ProcessReadings& process) {
    return fmt::format(R"({{"pid":{},"memory":{},"percent":{}}})", process.pid, or_null(process.memory),
                       or_null(process.percent));
}

std::string text_of(const GpuReadings& gpu) {
    std::string processes;
    for (const ProcessReadings& process : gpu.processes)
        processes += (processes.empty() ? "" : ",") + text_of(process);
    return fmt::format(
        R"({{"pci":{},"uuid":{},"memory_total":{},"memory_used":{},"percent":{},"temperature":{},)"
        R"("power_mw":{},"mig":{},"processes":[{}]}})",
        quoted(gpu.pci), quoted(gpu.uuid), or_null(gpu.memory_total), or_null(gpu.memory_used),
        or_null(gpu.percent), or_null(gpu.temperature), or_null(gpu.power), or_null(gpu.mig), processes);
}

}  // namespace

std::string readings_line(const std::vector<GpuReadings>& gpus) {
    std::string list;
    for (const GpuReadings& gpu : gpus) list += (list.empty() ? "" : ",") + text_of(gpu);
    return fmt::format(R"({{"gpus":[{}]}})", list) + "\n";
}

std::string error_line(std::string_view error) {
    return fmt::format(R"({{"error":{}}})", quoted(error)) + "\n";
}

}  // namespace kpm::gpu_monitor
