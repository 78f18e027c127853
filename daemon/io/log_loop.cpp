#include "daemon/io/log_loop.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <variant>

#include "daemon/io/console_log.h"
#include "daemon/io/log_feed.h"
#include "daemon/io/log_file.h"
#include "daemon/io/log_session.h"
#include "daemon/io/loop_thread.h"

namespace kpm::io {
namespace {

// As much as a pipe holds by default: one read empties it.
constexpr std::size_t kReadSize = std::size_t{64} << 10;

struct AddProcess {
    LogSource source;
    LogPipes pipes;
    LogTargets targets;
};
struct Detach {
    LogSource source;
};
struct Reopen {
    std::optional<int> pm_id;
};
struct Print {
    std::string line;
};
struct SetFollowing {
    bool following = false;
};
struct RequestStats {
    std::function<void(std::vector<LogSourceStats>)> answer;
};
using Command = std::variant<AddProcess, Detach, Reopen, Print, SetFollowing, RequestStats>;

using Key = std::pair<int, std::uint64_t>;

// A share of what the process may have: the rest is for pipes and connections.
std::size_t most_open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::clamp<std::size_t>(limit.rlim_cur / 8, 16, 4096);
}

Key key_of(const LogSource& source) {
    return {source.pm_id, source.incarnation};
}

class Sessions {
public:
    Sessions(Loop& loop, LogLoop::Sink sink, core::ConsoleShape console)
        : loop_(loop), feed_(std::move(sink)), console_(console) {}

    void execute(AddProcess& command) {
        const Key key = key_of(command.source);
        auto& session = sessions_[key];
        session = std::make_unique<LogSession>(command.source, command.targets, feed_, console_, open_files_);
        session->start(loop_, std::move(command.pipes), command.targets, buffer_,
                       [this, key] { ended(key); });
    }
    void execute(const Detach& command) {
        const auto session = sessions_.find(key_of(command.source));
        if (session == sessions_.end()) return;
        session->second->drain_and_close();
        ended(session->first);
    }
    void execute(const Reopen& command) {
        for (const auto& [key, session] : sessions_)
            if (!command.pm_id || *command.pm_id == key.first) session->reopen();
    }
    void execute(const Print& command) { console_.print(command.line); }
    void execute(const SetFollowing& command) { feed_.set_following(command.following); }
    void execute(const RequestStats& command) {
        std::vector<LogSourceStats> stats;
        for (const auto& [key, session] : sessions_) stats.push_back(session->stats());
        command.answer(std::move(stats));
    }
    void finish() {
        for (const auto& [key, session] : sessions_) session->drain_and_close();
    }

private:
    void ended(Key key) {
        const auto node = sessions_.extract(key);
        feed_.report(LogsEnded{node.mapped()->source()});
    }

    Loop& loop_;
    LogFeed feed_;
    ConsoleLog console_;
    OpenLogFiles open_files_{most_open_files()};
    std::array<char, kReadSize> buffer_;
    std::map<Key, std::unique_ptr<LogSession>> sessions_;
};

}  // namespace

Result<void> prepare_log_files(const LogTargets& targets) {
    if (targets.disabled) return {};
    for (const std::string* path : {&targets.out, &targets.err, &targets.combined})
        if (is_log_path(*path))
            if (auto prepared = prepare_log_file(*path, targets.owner); !prepared) return prepared;
    return {};
}

class LogLoop::Thread : public LoopThread<Sessions, Command> {
    using LoopThread::LoopThread;
};

LogLoop::LogLoop(Sink sink, core::ConsoleShape console)
    : thread_(std::make_unique<Thread>(std::move(sink), console)) {}
LogLoop::~LogLoop() = default;

void LogLoop::add_process(const LogSource& source, UniqueFd out, UniqueFd err, const LogTargets& targets) {
    thread_->send_asleep(AddProcess{source, {std::move(out), std::move(err)}, targets});
}
void LogLoop::wake() {
    thread_->wake();
}
void LogLoop::detach(const LogSource& source) {
    thread_->send(Detach{source});
}
void LogLoop::reopen(std::optional<int> pm_id) {
    thread_->send(Reopen{pm_id});
}
void LogLoop::print(std::string line) {
    thread_->send(Print{std::move(line)});
}
void LogLoop::set_following(bool following) {
    thread_->send(SetFollowing{following});
}
void LogLoop::request_stats(std::function<void(std::vector<LogSourceStats>)> answer) {
    thread_->send(RequestStats{std::move(answer)});
}

}  // namespace kpm::io
