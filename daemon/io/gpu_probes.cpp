#include "daemon/io/gpu_probes.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "daemon/core/gpu_breaker.h"
#include "daemon/io/keeper_numbers.h"
#include "daemon/io/own_folder.h"
#include "daemon/io/pidfd.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"

namespace kpm::io {
namespace {

constexpr std::size_t kMostPrinted = std::size_t{64} << 10;
constexpr int kNoLibrary = 127;  // the loader's: the program did not come to look
constexpr const char* kVendorFiles = "__EGL_VENDOR_LIBRARY_FILENAMES=";

// "" = there is none.
std::string program_path() {
    for (const char* place : {"/render-worker", "/../../bin/render-worker"})
        if (const std::string path = own_folder() + place; ::access(path.c_str(), X_OK) == 0) return path;
    return "";
}

}  // namespace

struct GpuProbes::Question {
    core::GpuPlacement gpu;
    UniqueFd output;
    UniqueFd pidfd;
    std::string printed;
    std::optional<core::GpuProbeResult> result;  // told already
    std::unique_ptr<Timer> patience;
    std::optional<PollFd> readable;  // after `output`: it must go first

    void read() {
        std::array<char, 4096> buffer;
        ssize_t count = 0;
        while ((count = ::read(output.get(), buffer.data(), buffer.size())) > 0)
            if (printed.size() < kMostPrinted) printed.append(buffer.data(), static_cast<std::size_t>(count));
        if (count == 0) readable.reset();
    }
};

GpuProbes::GpuProbes(Loop& loop, std::string mark_name, Answer answer)
    : loop_(loop),
      mark_name_(std::move(mark_name)),
      answer_(std::move(answer)),
      next_token_(keeper_numbers::kGpuProbes.by_time()) {}

// Nobody would end those that still run.
GpuProbes::~GpuProbes() {
    for (const auto& [token, question] : open_)
        if (question->pidfd) (void)send_signal(question->pidfd.get(), SIGKILL);
}

bool GpuProbes::can_ask() {
    return !program_path().empty();
}

void GpuProbes::ask(KeeperLink& keeper, const core::GpuPlacement& gpu) {
    const std::uint64_t token = next_token_++;
    auto question = std::make_unique<Question>();
    question->gpu = gpu;
    Question& asked = *question;
    open_[token] = std::move(question);
    const bool is_started = start(keeper, asked, token);
    asked.patience = std::make_unique<Timer>(loop_, [this, token, is_started] {
        Question& late = *open_.at(token);
        if (late.pidfd) (void)send_signal(late.pidfd.get(), SIGKILL);
        late.result = is_started ? core::GpuProbeResult::Fails : core::GpuProbeResult::Unknown;
        const std::string pci = late.gpu.pci;
        const auto result = *late.result;
        if (!is_started) open_.erase(token);
        answer_(pci, result);
    });
    asked.patience->start(is_started ? core::GpuBreaker::kProbeLimit : core::Duration{0});
}

bool GpuProbes::start(KeeperLink& keeper, Question& question, std::uint64_t token) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return false;
    question.output = UniqueFd(ends[0]);
    const UniqueFd theirs(ends[1]), null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    SpawnRequest request;
    request.path = program_path();
    request.cwd = std::string("/");  // g++ 12 warns of an assigned literal (its bug 105651)
    request.argv = {"render-worker", "--probe"};
    for (char** line = ::environ; *line; ++line) {
        const std::string_view text(*line);
        const bool is_replaced = !question.gpu.egl_file.empty() && text.starts_with(kVendorFiles);
        if (!is_replaced && !text.starts_with(mark_name_ + "=")) request.env.emplace_back(text);
    }
    // As its workers: the other vendor's driver is not this GPU's.
    if (!question.gpu.egl_file.empty()) request.env.push_back(kVendorFiles + question.gpu.egl_file);
    request.fds = {{null.get(), STDIN_FILENO}, {theirs.get(), STDOUT_FILENO}, {null.get(), STDERR_FILENO}};
    if (request.path.empty() || !null || !keeper.spawn(token, request)) return false;
    auto readable =
        PollFd::open(loop_, question.output.get(), UV_READABLE, [asked = &question](int) { asked->read(); });
    if (readable) question.readable.emplace(std::move(*readable));
    return true;
}

bool GpuProbes::spawned(KeeperChild& child) {
    const auto it = open_.find(child.token);
    if (it == open_.end()) return false;
    it->second->pidfd = std::move(child.pidfd);
    if (it->second->result) (void)send_signal(it->second->pidfd.get(), SIGKILL);
    return true;
}

bool GpuProbes::spawn_failed(std::uint64_t token) {
    const auto question = open_.extract(token);
    if (!question) return false;
    if (!question.mapped()->result) answer_(question.mapped()->gpu.pci, core::GpuProbeResult::Unknown);
    return true;
}

bool GpuProbes::exited(KeeperLink& keeper, const KeeperExit& exit) {
    const auto question = open_.extract(exit.token);
    if (!question) return false;
    keeper.collected(exit.token);
    Question& asked = *question.mapped();
    if (asked.result) return true;
    if (asked.readable) asked.read();  // what it has printed is in the pipe
    const core::GpuPlacement& gpu = asked.gpu;
    answer_(gpu.pci, exit.exit_code == 0            ? core::read_gpu_probe(asked.printed, gpu.pci, gpu.uuid)
                     : exit.exit_code == kNoLibrary ? core::GpuProbeResult::Unknown
                                                    : core::GpuProbeResult::Fails);
    return true;
}

}  // namespace kpm::io
