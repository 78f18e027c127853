#include "daemon/core/host_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr std::uint64_t kSector = 512;  // the unit of /proc/diskstats, whatever the disk's is
constexpr double kMegabyte = 1024 * 1024, kGigabyte = 1024 * kMegabyte;

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (const std::string_view word : split(line, ' '))
        if (!word.empty()) words.push_back(word);
    return words;
}

// 0 for what is no number.
std::uint64_t number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::uint64_t number(const std::vector<std::string_view>& words, std::size_t index) {
    return index < words.size() ? number(words[index]) : 0;
}

double rounded(double value, int decimals) {
    const double scale = std::pow(10, decimals);
    return std::round(value * scale) / scale;
}

// "sda1" of "sda", "nvme0n1p2" of "nvme0n1".
bool is_partition(std::string_view name, const std::vector<std::string_view>& disks) {
    return std::ranges::any_of(disks, [&](std::string_view disk) {
        if (!name.starts_with(disk)) return false;
        std::string_view rest = name.substr(disk.size());
        if (rest.starts_with('p')) rest.remove_prefix(1);
        return is_number(rest);
    });
}

bool is_disk(std::string_view name) {
    return std::ranges::none_of(
        std::initializer_list<std::string_view>{"loop", "ram", "zram", "dm-", "md", "sr", "fd"},
        [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Blanks and their kind stand as \040 in /proc/mounts.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned code = 0;
        if (text[at] == '\\' && at + 3 < text.size() &&
            std::from_chars(text.data() + at + 1, text.data() + at + 4, code, 8).ptr ==
                text.data() + at + 4) {
            plain += static_cast<char>(code);
            at += 3;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

// How much more `now` has than `before`; a counter that was set back counts from 0.
double grown(std::uint64_t before, std::uint64_t now) {
    return static_cast<double>(now >= before ? now - before : now);
}

class Metrics {
public:
    void add(std::string name, double value, std::string_view unit) {
        // As JavaScript writes them: whole numbers without a point.
        const bool is_whole = value == std::trunc(value);
        const Json number = is_whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
        map_[std::move(name)] = {{"value", number}, {"type", "metric"}, {"unit", unit}, {"historic", true}};
    }
    Json take() { return std::move(map_); }

private:
    Json map_ = Json::object();
};

void add_interfaces(Metrics& metrics, const HostSample& before, const HostSample& now, double seconds) {
    for (const auto& [name, counters] : now.interfaces) {
        const auto known = before.interfaces.find(name);
        const InterfaceCounters old = known == before.interfaces.end() ? counters : known->second;
        const auto transfer = [&](std::uint64_t from, std::uint64_t to) {
            return rounded(grown(from, to) / kMegabyte / seconds, 3);
        };
        const auto per_minute = [&](std::uint64_t from, std::uint64_t to) {
            return rounded(grown(from, to) * 60 / seconds, 2);
        };
        metrics.add("net:rx_5:" + name, transfer(old.received, counters.received), "mb/s");
        metrics.add("net:tx_5:" + name, transfer(old.sent, counters.sent), "mb/s");
        metrics.add("net:rx_errors_60:" + name, per_minute(old.receive_errors, counters.receive_errors),
                    "/min");
        metrics.add("net:tx_errors_60:" + name, per_minute(old.send_errors, counters.send_errors), "/min");
        metrics.add("net:rx_dropped_60:" + name, per_minute(old.receive_drops, counters.receive_drops),
                    "/min");
        metrics.add("net:tx_dropped_60:" + name, per_minute(old.send_drops, counters.send_drops), "/min");
    }
}

}  // namespace

std::optional<CpuTimes> parse_cpu_times(std::string_view proc_stat) {
    for (const std::string_view line : split(proc_stat, '\n')) {
        const auto words = words_of(line);
        // user nice system idle iowait irq softirq steal; guest times are in those of user and nice already.
        if (words.size() < 5 || words[0] != "cpu") continue;
        CpuTimes times;
        for (std::size_t i = 1; i < std::min<std::size_t>(words.size(), 9); ++i)
            (i == 4 || i == 5 ? times.idle : times.busy) += number(words[i]);
        return times;
    }
    return std::nullopt;
}

std::optional<MemoryState> parse_memory(std::string_view proc_meminfo) {
    MemoryState memory;
    for (const std::string_view line : split(proc_meminfo, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 2) continue;
        if (words[0] == "MemTotal:") memory.total = number(words[1]) * 1024;
        if (words[0] == "MemAvailable:") memory.available = number(words[1]) * 1024;
    }
    if (memory.total == 0 || memory.available > memory.total) return std::nullopt;
    return memory;
}

std::map<std::string, InterfaceCounters> parse_interfaces(std::string_view proc_net_dev) {
    std::map<std::string, InterfaceCounters> interfaces;
    for (const std::string_view line : split(proc_net_dev, '\n')) {
        const auto colon = line.rfind(':');  // an alias has one in its name
        if (colon == std::string_view::npos) continue;
        const auto words = words_of(line.substr(colon + 1));
        if (words.size() < 12) continue;
        interfaces[std::string(trim(line.substr(0, colon)))] = {number(words[0]), number(words[8]),
                                                                number(words[2]), number(words[10]),
                                                                number(words[3]), number(words[11])};
    }
    return interfaces;
}

std::optional<DiskCounters> parse_disks(std::string_view proc_diskstats) {
    DiskCounters sum;
    std::vector<std::string_view> disks;
    for (const std::string_view line : split(proc_diskstats, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 10 || !is_disk(words[2]) || is_partition(words[2], disks)) continue;
        disks.push_back(words[2]);
        sum.read += number(words, 5) * kSector;
        sum.written += number(words, 9) * kSector;
    }
    if (disks.empty()) return std::nullopt;
    return sum;
}

std::vector<Mount> parse_mounts(std::string_view proc_mounts) {
    std::vector<Mount> mounts;
    std::set<std::string_view> devices;
    for (const std::string_view line : split(proc_mounts, '\n')) {
        const auto words = words_of(line);
        if (words.size() < 3) continue;
        // A program's file system may not answer, and whoever asks it would hang.
        if (words[2] == "fuse" || words[2].starts_with("fuse.")) continue;
        const bool has_device = words[0].starts_with("/dev/") && !words[0].starts_with("/dev/loop");
        if ((!has_device && words[1] != "/") || !devices.insert(words[0]).second) continue;
        mounts.push_back({std::string(words[0]), unescaped(words[1])});
    }
    return mounts;
}

Json system_data(const HostSample& before, const HostSample& now) {
    // Two samples at once would divide by nothing.
    const double seconds = std::max(std::chrono::duration<double>(now.at - before.at).count(), 0.001);
    Metrics metrics;
    if (before.cpu && now.cpu) {
        const double busy = grown(before.cpu->busy, now.cpu->busy),
                     idle = grown(before.cpu->idle, now.cpu->idle);
        metrics.add("CPU Usage", busy + idle > 0 ? rounded(busy / (busy + idle) * 100, 1) : 0, "%");
    }
    metrics.add("CPU Temperature", now.temperature.value_or(-1), "°C");
    if (now.memory) {
        const auto total = static_cast<double>(now.memory->total);
        const auto available = static_cast<double>(now.memory->available);
        metrics.add("RAM Usage", rounded((total - available) / total * 100, 1), "%");
        metrics.add("RAM Total", total, "b");
        metrics.add("RAM Available", available, "b");
        metrics.add("RAM Active", total - available, "b");
    }
    add_interfaces(metrics, before, now, seconds);
    if (before.disks && now.disks) {
        const auto transfer = [&](std::uint64_t from, std::uint64_t to) {
            return rounded(grown(from, to) / kMegabyte / seconds, 3);
        };
        metrics.add("Disk Reads", transfer(before.disks->read, now.disks->read), "mb/s");
        metrics.add("Disk Writes", transfer(before.disks->written, now.disks->written), "mb/s");
    }
    for (const FileSystemState& system : now.file_systems) {
        const auto used = static_cast<double>(system.used), available = static_cast<double>(system.available);
        if (used + available <= 0) continue;
        metrics.add("fs:use:" + system.mount, rounded(used / (used + available) * 100, 2), "%");
        metrics.add("fs:size:" + system.mount, rounded(static_cast<double>(system.size) / kGigabyte, 2),
                    "gb");
    }
    return metrics.take();
}

}  // namespace kpm::core
