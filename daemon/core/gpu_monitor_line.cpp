#include "daemon/core/gpu_monitor_line.h"

#include <cstdint>
#include <limits>

#include "ipc/base/gpu_address.h"
#include "ipc/base/json.h"

namespace kpm::core {
namespace {

constexpr JsonLimits kLimits{.levels = 6, .parts = 1'000'000};
constexpr std::size_t kLongestError = 300;

const Json& member(const Json& object, const char* key) {
    static const Json kNone;
    const auto found = object.find(key);
    return found == object.end() ? kNone : *found;
}

std::optional<std::uint64_t> number_of(const Json& object, const char* key, std::uint64_t most) {
    const Json& value = member(object, key);
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > most) return std::nullopt;
    return value.get<std::uint64_t>();
}

std::optional<unsigned> small_number_of(const Json& object, const char* key, unsigned most) {
    const auto number = number_of(object, key, most);
    return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 60;

GpuReadings readings_in(const Json& gpu) {
    GpuReadings readings;
    readings.memory_total = number_of(gpu, "memory_total", kMostBytes);
    readings.memory_used = number_of(gpu, "memory_used", kMostBytes);
    readings.percent = small_number_of(gpu, "percent", 100);
    readings.temperature = small_number_of(gpu, "temperature", 1'000);
    if (const auto milliwatts = number_of(gpu, "power_mw", 1'000'000'000))
        readings.power = static_cast<double>(*milliwatts) / 1000;
    const Json& mig = member(gpu, "mig");
    if (mig.is_boolean()) readings.mig = mig.get<bool>();
    return readings;
}

void read_process(GpuFigures& gpu, const Json& process) {
    if (!process.is_object()) return;
    const auto pid = number_of(process, "pid", std::numeric_limits<int>::max());
    if (!pid || *pid == 0) return;
    GpuUsage& usage = gpu.processes[static_cast<int>(*pid)];
    usage.memory = number_of(process, "memory", kMostBytes);
    if (const auto percent = small_number_of(process, "percent", 100)) usage.percent = *percent;
}

// Goes into the daemon's log.
std::string shown(const std::string& text) {
    std::string result;
    for (const char c : text.substr(0, kLongestError))
        if (c >= ' ' && c <= '~') result += c;
    return result;
}

}  // namespace

Result<GpuFiguresByPci> parse_gpu_monitor_line(std::string_view line) {
    const Json answer = parse_json(line, kLimits);
    const Error nonsense{ErrorCode::Invalid, "cannot read 'kpm-gpu-monitor': that is no answer"};
    if (!answer.is_object()) return nonsense;
    const Json& error = member(answer, "error");
    if (error.is_string()) return Error{ErrorCode::Unavailable, shown(error.get_ref<const std::string&>())};
    const Json& gpus = member(answer, "gpus");
    if (!gpus.is_array()) return nonsense;
    GpuFiguresByPci figures;
    for (const Json& gpu : gpus) {
        if (!gpu.is_object()) return nonsense;
        const Json& address = member(gpu, "pci");
        const auto pci =
            address.is_string() ? normal_pci(address.get_ref<const std::string&>()) : std::nullopt;
        if (!pci) continue;
        GpuFigures& one = figures[*pci];
        one.readings = readings_in(gpu);
        const Json& processes = member(gpu, "processes");
        if (processes.is_array())
            for (const Json& process : processes) read_process(one, process);
    }
    return figures;
}

GpuUsage put_together(const GpuUsage& first, const GpuUsage& second) {
    return {.percent = first.percent ? first.percent : second.percent,
            .memory = first.memory ? first.memory : second.memory,
            .others = first.others};
}

}  // namespace kpm::core
