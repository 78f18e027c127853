#include "daemon/io/host_sampler.h"

#include <sys/statvfs.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "daemon/io/small_file.h"

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr auto kFreshest = 1s;       // questions that come closer together get the same figures
constexpr auto kStale = 30s;         // PM2's period
constexpr auto kSecondLook = 100ms;  // some ticks of the CPU's clock
constexpr auto kLeastApart = 40ms;   // as few of them as still tell something

std::optional<double> temperature() {
    const std::string text =
        read_small_file("/sys/class/thermal/thermal_zone0/temp");  // thousandths of a degree
    if (text.empty()) return std::nullopt;
    return std::atof(text.c_str()) / 1000;
}

std::vector<core::FileSystemState> file_systems() {
    std::vector<core::FileSystemState> systems;
    for (const core::Mount& mount : core::parse_mounts(read_small_file("/proc/self/mounts"))) {
        struct statvfs state {};
        if (::statvfs(mount.path.c_str(), &state) != 0) continue;
        const std::uint64_t block = state.f_frsize;
        systems.push_back({mount.path, state.f_blocks * block, (state.f_blocks - state.f_bfree) * block,
                           state.f_bavail * block});
    }
    return systems;
}

}  // namespace

core::HostSample sample_host() {
    return {.at = std::chrono::steady_clock::now(),
            .cpu = core::parse_cpu_times(read_small_file("/proc/stat")),
            .memory = core::parse_memory(read_small_file("/proc/meminfo")),
            .interfaces = core::parse_interfaces(read_small_file("/proc/net/dev")),
            .disks = core::parse_disks(read_small_file("/proc/diskstats")),
            .file_systems = file_systems(),
            .temperature = temperature()};
}

HostSampler::HostSampler(Loop& loop, ipc::Home home)
    : home_(std::move(home)), second_look_(loop, [this] { look_again(); }), before_(sample_host()) {}

bool HostSampler::is_switched_off() const {
    const std::string text = read_small_file(home_.module_conf().string());
    if (text.find("sysmonit") == std::string::npos) return false;
    const Json conf = Json::parse(text, nullptr, false);
    if (!conf.is_object() || !conf.contains("pm2") || !conf["pm2"].is_object()) return false;
    const Json setting = conf["pm2"].value("sysmonit", Json());
    return setting == "false" || setting == false;
}

void HostSampler::ask(std::function<void(Json)> answer) {
    if (is_switched_off()) return answer(Json::object());
    const auto age = std::chrono::steady_clock::now() - before_.at;
    if (!waiting_.empty()) {
        waiting_.push_back(std::move(answer));
        return look_in(kLeastApart - age);
    }
    if (!figures_.is_null() && age < kFreshest) return answer(figures_);
    if (age >= kSecondLook && age <= kStale) {
        core::HostSample now = sample_host();
        figures_ = core::system_data(before_, now);
        before_ = std::move(now);
        return answer(figures_);
    }
    if (age > kStale) before_ = sample_host();
    waiting_.push_back(std::move(answer));
    look_in(age > kStale ? kSecondLook : kSecondLook - age);
}

void HostSampler::look_in(std::chrono::nanoseconds time) {
    if (time > 0ns) return second_look_.start(std::chrono::ceil<std::chrono::milliseconds>(time));
    second_look_.stop();
    look_again();
}

void HostSampler::look_again() {
    core::HostSample now = sample_host();
    figures_ = core::system_data(before_, now);
    before_ = std::move(now);
    for (const auto& answer : std::exchange(waiting_, {})) answer(figures_);
}

}  // namespace kpm::io
