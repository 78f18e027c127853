#include "daemon/io/version_probe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <iterator>
#include <utility>

#include "daemon/io/keeper_numbers.h"
#include "daemon/io/pidfd.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 10s;
constexpr std::size_t kMostPrinted = 256, kLongestVersion = 40;

bool is_harmless(const std::string& line) {
    return line.starts_with("PATH=") || line.starts_with("HOME=");
}

}  // namespace

struct VersionProbe::Question {
    File file;
    UniqueFd output;
    UniqueFd pidfd;
    std::string printed;
    std::vector<Answer> waiting;
    bool is_cut = false;
    std::unique_ptr<Timer> patience;
    std::optional<PollFd> readable;  // after `output`: it must go first

    void read() {
        std::array<char, kMostPrinted> buffer{};
        ssize_t count = 0;
        while ((count = ::read(output.get(), buffer.data(), buffer.size())) > 0) {
            printed.append(buffer.data(), static_cast<std::size_t>(count));
            if (printed.size() > kMostPrinted) is_cut = true;
            if (is_cut) break;
        }
        if (count == 0 || is_cut) readable.reset();
    }
};

VersionProbe::VersionProbe(Loop& loop) : loop_(loop), next_token_(keeper_numbers::kVersionProbes.by_time()) {}

// Nobody would end those that still run.
VersionProbe::~VersionProbe() {
    for (const auto& [token, question] : open_)
        if (question->pidfd) (void)send_signal(question->pidfd.get(), SIGKILL);
}

std::optional<std::string> version_in(std::string_view printed) {
    std::string_view text = trim(printed);
    if (text.starts_with('v')) text.remove_prefix(1);
    const auto parts = split(text, '.');
    const bool is_version = text.size() <= kLongestVersion && parts.size() >= 3 && is_number(parts[0]) &&
                            is_number(parts[1]) && std::ranges::all_of(text, [](char c) {
                                return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                       (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+';
                            });
    if (!is_version) return std::nullopt;
    return std::string(text);
}

void VersionProbe::ask(KeeperLink& keeper, const SpawnRequest& app, const std::vector<std::string>& words,
                       Answer answer) {
    struct stat status {};
    if (::stat(app.path.c_str(), &status) != 0) return;
    const File file{app.path, status.st_ino, status.st_dev, status.st_size,
                    std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
    if (const auto known = known_.find(file); known != known_.end()) {
        if (known->second) return answer(*known->second);
        for (auto& [token, question] : open_)
            if (question->file == file) question->waiting.push_back(std::move(answer));
        return;
    }

    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return;  // another start will ask
    auto question = std::make_unique<Question>();
    question->file = file;
    question->output = UniqueFd(ends[0]);
    const UniqueFd theirs(ends[1]), null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    SpawnRequest request;
    request.path = app.path;
    request.cwd = std::string("/");  // g++ 12 warns of an assigned literal (its bug 105651)
    request.argv = {app.argv.front()};
    request.argv.insert(request.argv.end(), words.begin(), words.end());
    std::ranges::copy_if(app.env, std::back_inserter(request.env), is_harmless);
    request.uid = app.uid;
    request.gid = app.gid;
    request.groups = app.groups;
    request.fds = {{null.get(), STDIN_FILENO}, {theirs.get(), STDOUT_FILENO}, {null.get(), STDERR_FILENO}};
    const std::uint64_t token = next_token_++;
    if (!null || !keeper.spawn(token, request)) return;
    auto readable = PollFd::open(loop_, question->output.get(), UV_READABLE,
                                 [self = question.get()](int) { self->read(); });
    if (readable) question->readable.emplace(std::move(*readable));
    question->patience = std::make_unique<Timer>(loop_, [self = question.get()] {
        self->is_cut = true;
        if (self->pidfd) (void)send_signal(self->pidfd.get(), SIGKILL);
    });
    question->patience->start(kPatience);
    question->waiting.push_back(std::move(answer));
    known_[file] = std::nullopt;
    open_[token] = std::move(question);
}

bool VersionProbe::spawned(KeeperChild& child) {
    const auto it = open_.find(child.token);
    if (it == open_.end()) return false;
    it->second->pidfd = std::move(child.pidfd);
    return true;
}

bool VersionProbe::spawn_failed(std::uint64_t token) {
    const auto question = open_.extract(token);
    if (!question) return false;
    known_.erase(question.mapped()->file);  // a machine out of processes: another start will ask
    return true;
}

bool VersionProbe::exited(KeeperLink& keeper, const KeeperExit& exit) {
    const auto it = open_.find(exit.token);
    if (it == open_.end()) return false;
    keeper.collected(exit.token);
    if (it->second->readable) it->second->read();  // what it has printed is in the pipe
    if (exit.exit_code != 0) it->second->is_cut = true;
    finish(exit.token);
    return true;
}

void VersionProbe::finish(std::uint64_t token) {
    const auto question = std::move(open_.extract(token).mapped());
    if (question->is_cut) return;
    const auto version = version_in(question->printed);
    if (!version) return;
    known_[question->file] = version;
    for (const Answer& answer : question->waiting) answer(*version);
}

}  // namespace kpm::io
