#include "daemon/io/gpu_monitor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include "daemon/core/line_reader.h"
#include "daemon/io/gpu_scan.h"
#include "daemon/io/keeper_numbers.h"
#include "daemon/io/own_folder.h"
#include "daemon/io/pidfd.h"
#include "daemon/io/stream.h"

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr const char* kProgram = "kpm-gpu-monitor";
constexpr auto kFresh = 1s;
constexpr auto kTooOld = 60s;
constexpr auto kPatience = 5s;  // the first answer of a driver that nobody uses takes seconds
constexpr auto kRest = 60s;     // it is ended when nobody has asked for so long
constexpr auto kFirstPause = 5'000ms, kLongestPause = 300'000ms;
constexpr std::size_t kLongestLine = std::size_t{4} << 20;
constexpr std::size_t kMostQueued = 64;  // bytes: a question has one

std::string program_path() {
    return own_folder() + "/" + kProgram;
}

}  // namespace

struct GpuMonitor::Program {
    std::uint64_t token = 0;
    UniqueFd pidfd;
    bool has_ended = false;
    core::LineReader lines{kLongestLine};
    std::optional<Stream> stream;
};

GpuMonitor::GpuMonitor(Loop& loop, std::string mark_name, std::function<void(std::string_view)> log)
    : loop_(loop),
      mark_name_(std::move(mark_name)),
      log_(std::move(log)),
      patience_(loop, [this] { fail(fmt::format("no answer within {} s", kPatience.count())); }),
      rest_(loop, [this] { end_program(); }),
      pause_(kFirstPause),
      next_token_(keeper_numbers::kGpuMonitor.by_time()) {}

// Nobody would end one that hangs.
GpuMonitor::~GpuMonitor() {
    end_program();
}

bool GpuMonitor::knows_since(Clock::duration age) const {
    return figures_at_ != Clock::time_point{} && Clock::now() - figures_at_ < age;
}

void GpuMonitor::refresh(KeeperLink& keeper, std::function<void()> done) {
    const auto refuse = [&] {
        if (done) done();
    };
    if (is_asked_) {
        if (done) asking_.push_back(std::move(done));
        return;
    }
    if (knows_since(kFresh) || !has_nvidia_driver()) return refuse();
    if (!program_) {
        if (!ending_.empty() || Clock::now() < next_start_) return refuse();
        if (const auto started = start(keeper); !started) {
            fail(started.error().message);
            return refuse();
        }
    }
    if (done) asking_.push_back(std::move(done));
    is_asked_ = true;
    rest_.stop();
    patience_.start(kPatience);
    program_->stream->write("\n");  // a failure comes as the stream's end
}

Result<void> GpuMonitor::start(KeeperLink& keeper) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return os_error("make", "a socket", errno);
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]), null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!null) return os_error("open", "/dev/null", errno);
    SpawnRequest request;
    request.path = program_path();
    request.cwd = std::string("/");  // g++ 12 warns of an assigned literal (its bug 105651)
    request.argv = {kProgram};
    for (char** line = ::environ; *line; ++line)
        if (!std::string_view(*line).starts_with(mark_name_ + "=")) request.env.emplace_back(*line);
    request.fds = {{theirs.get(), STDIN_FILENO}, {theirs.get(), STDOUT_FILENO}, {null.get(), STDERR_FILENO}};
    auto program = std::make_unique<Program>();
    program->token = next_token_++;
    auto stream = Stream::open(loop_, std::move(ours),
                               {.max_queued = kMostQueued,
                                .on_data = [this](std::string_view bytes) { take(bytes); },
                                .on_end = [this](const std::optional<Error>&) { fail("it has ended"); }});
    if (!stream) return stream.error();
    program->stream.emplace(*std::move(stream));
    if (const auto asked = keeper.spawn(program->token, request); !asked) return asked.error();
    program_ = std::move(program);
    return {};
}

void GpuMonitor::take(std::string_view bytes) {
    program_->lines.feed(bytes);
    while (program_) {
        const auto line = program_->lines.next();
        if (!line) break;
        take_line(std::string(*line));
    }
    if (program_ && program_->lines.is_overlong()) fail("its answer is too long");
}

void GpuMonitor::take_line(std::string_view line) {
    if (!std::exchange(is_asked_, false)) return fail("it says what nobody has asked");
    auto figures = core::parse_gpu_monitor_line(line);
    if (!figures) return fail(figures.error().message);
    figures_ = *std::move(figures);
    figures_at_ = Clock::now();
    pause_ = kFirstPause;
    last_reason_.clear();
    patience_.stop();
    rest_.start(kRest);
    answer();
}

void GpuMonitor::fail(const std::string& reason) {
    if (std::exchange(last_reason_, reason) != reason)
        log_(fmt::format("{}: {}; figures of NVIDIA's GPUs are missing", kProgram, reason));
    end_program();
    figures_at_ = {};
    next_start_ = Clock::now() + pause_;
    pause_ = std::min(pause_ * 2, kLongestPause);
    answer();
}

void GpuMonitor::end_program() {
    patience_.stop();
    rest_.stop();
    const auto program = std::move(program_);
    if (!program || program->has_ended) return;
    ending_.insert(program->token);
    if (program->pidfd) (void)send_signal(program->pidfd.get(), SIGKILL);
}

void GpuMonitor::answer() {
    is_asked_ = false;
    for (const auto& done : std::exchange(asking_, {})) done();
}

core::GpuUsage GpuMonitor::usage(pid_t pid, std::string_view pci) const {
    const auto gpu = knows_since(kTooOld) ? figures_.find(pci) : figures_.end();
    if (gpu == figures_.end()) return {};
    const auto process = gpu->second.processes.find(pid);
    return process == gpu->second.processes.end() ? core::GpuUsage{} : process->second;
}

void GpuMonitor::add_readings(core::GpuInventory& inventory) const {
    if (!knows_since(kTooOld)) return;
    for (core::GpuDevice& device : inventory.devices)
        if (const auto gpu = figures_.find(device.pci); gpu != figures_.end())
            device.readings = gpu->second.readings;
}

void GpuMonitor::forget(pid_t pid) {
    for (auto& [pci, gpu] : figures_) gpu.processes.erase(pid);
}

bool GpuMonitor::spawned(KeeperChild& child) {
    if (program_ && program_->token == child.token) {
        program_->pidfd = std::move(child.pidfd);
        return true;
    }
    if (!ending_.contains(child.token)) return false;
    (void)send_signal(child.pidfd.get(), SIGKILL);
    return true;
}

bool GpuMonitor::spawn_failed(std::uint64_t token, keeper::SpawnStage stage, int error_number) {
    if (program_ && program_->token == token) {
        program_->has_ended = true;
        fail(spawn_error(stage, error_number, program_path(), "/").message);
        return true;
    }
    return ending_.erase(token) > 0;
}

bool GpuMonitor::exited(KeeperLink& keeper, const KeeperExit& exit) {
    const bool is_current = program_ && program_->token == exit.token;
    if (!is_current && ending_.erase(exit.token) == 0) return false;
    keeper.collected(exit.token);
    // What it has said last may still have to be read: the end of the stream follows.
    if (is_current) program_->has_ended = true;
    return true;
}

}  // namespace kpm::io
