#include "daemon/core/drm_usage.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "ipc/base/gpu_address.h"
#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr std::size_t kMostEngines = 64;

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

struct Quantity {
    std::uint64_t number = 0;
    std::string_view unit;
};

// "12345 ns"
std::optional<Quantity> value_in(std::string_view text) {
    Quantity value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.number);
    if (error != std::errc{}) return std::nullopt;
    value.unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
    return value;
}

std::optional<std::uint64_t> bytes_in(std::string_view text) {
    const auto value = value_in(text);
    if (!value) return std::nullopt;
    const std::uint64_t factor = value->unit == "KiB"   ? std::uint64_t{1} << 10
                                 : value->unit == "MiB" ? std::uint64_t{1} << 20
                                 : value->unit.empty()  ? 1
                                                        : 0;
    if (factor == 0 || value->number > std::numeric_limits<std::uint64_t>::max() / factor)
        return std::nullopt;
    return value->number * factor;
}

// amdgpu's vram, xe's vram0, i915's local0; not gtt, cpu, system0, which are the machine's memory.
bool is_own_region(std::string_view name) {
    return name.starts_with("vram") || name.starts_with("local");
}

void add_to(std::optional<std::uint64_t>& sum, std::uint64_t more) {
    const std::uint64_t so_far = sum.value_or(0);
    sum = more > std::numeric_limits<std::uint64_t>::max() - so_far
              ? std::numeric_limits<std::uint64_t>::max()
              : so_far + more;
}

// The engine that a line is about; null: there are too many.
DrmEngine* engine_in(DrmEngines& engines, std::string_view name) {
    const auto known = engines.find(name);
    if (known != engines.end()) return &known->second;
    if (name.empty() || engines.size() == kMostEngines) return nullptr;
    return &engines[std::string(name)];
}

void read_engine(DrmEngines& engines, std::string_view name, std::uint64_t DrmEngine::*member,
                 std::string_view text) {
    const auto value = value_in(text);
    if (!value) return;
    if (DrmEngine* engine = engine_in(engines, name)) engine->*member = value->number;
}

double percent_of(const DrmEngine& before, const DrmEngine& now, double passed) {
    if (now.busy <= before.busy) return 0;
    const double busy = static_cast<double>(now.busy - before.busy);
    const double whole = now.total > 0
                             ? (now.total > before.total ? static_cast<double>(now.total - before.total) : 0)
                             : passed;
    if (whole <= 0) return 0;
    const double share = busy / whole / static_cast<double>(std::max<std::uint64_t>(now.capacity, 1));
    return std::round(std::clamp(share * 100, 0.0, 100.0) * 10) / 10;
}

}  // namespace

std::optional<DrmClient> parse_drm_client(std::string_view fdinfo) {
    DrmClient client;
    std::optional<std::uint64_t> resident, memory;
    for (std::string_view line : split(fdinfo, '\n')) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !take_prefix(line, "drm-")) continue;
        std::string_view key = line.substr(0, colon - 4);
        const std::string_view text = trim(line.substr(colon - 3));
        if (key == "pdev") {
            client.pci = normal_pci(text).value_or("");
        } else if (key == "client-id") {
            if (const auto id = value_in(text)) client.id = id->number;
        } else if (take_prefix(key, "engine-capacity-")) {
            read_engine(client.engines, key, &DrmEngine::capacity, text);
        } else if (take_prefix(key, "engine-") || take_prefix(key, "cycles-")) {
            read_engine(client.engines, key, &DrmEngine::busy, text);
        } else if (take_prefix(key, "total-cycles-")) {
            read_engine(client.engines, key, &DrmEngine::total, text);
        } else if (take_prefix(key, "resident-")) {
            if (const auto bytes = bytes_in(text); bytes && is_own_region(key)) add_to(resident, *bytes);
        } else if (take_prefix(key, "memory-")) {
            if (const auto bytes = bytes_in(text); bytes && is_own_region(key)) add_to(memory, *bytes);
        }
    }
    if (client.pci.empty()) return std::nullopt;
    client.memory = resident ? resident : memory;  // the same by two names: never both
    return client;
}

void DrmUse::add(const DrmClient& client) {
    if (!clients.insert(client.id).second) return;
    for (const auto& [name, engine] : client.engines) {
        DrmEngine* sum = engine_in(engines, name);
        if (!sum) continue;
        sum->busy += engine.busy;
        sum->total = std::max(sum->total, engine.total);  // the GPU's clock, the same for all
        sum->capacity = std::max(sum->capacity, engine.capacity);
    }
    if (client.memory) add_to(memory, *client.memory);
}

GpuUsage usage_between(const DrmUse* before, const DrmUse& now) {
    GpuUsage usage{.percent = std::nullopt, .memory = now.memory};
    if (!before || now.at <= before->at) return usage;
    const auto passed = static_cast<double>((now.at - before->at).count());
    for (const auto& [name, engine] : now.engines) {
        const auto earlier = before->engines.find(name);
        if (earlier == before->engines.end()) continue;
        usage.percent = std::max(usage.percent.value_or(0), percent_of(earlier->second, engine, passed));
    }
    return usage;
}

}  // namespace kpm::core
