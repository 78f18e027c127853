#include "daemon/io/log_session.h"

#include <chrono>
#include <utility>

#include "ipc/base/text.h"

namespace kpm::io {
namespace {

std::optional<LogFile> file_of(const std::string& path, const FileOwner& owner) {
    if (!is_log_path(path)) return std::nullopt;
    return LogFile(path, owner);
}

}  // namespace

LogSession::LogSession(LogSource source, const LogTargets& targets, LogFeed& feed, ConsoleLog& console,
                       OpenLogFiles& open_files)
    : source_(std::move(source)),
      feed_(feed),
      console_(console),
      open_files_(open_files),
      disabled_(targets.disabled) {
    if (disabled_) return;
    out_.file = file_of(targets.out, targets.owner);
    err_.file = file_of(targets.err, targets.owner);
    combined_ = file_of(targets.combined, targets.owner);
}

LogSession::~LogSession() {
    for (std::optional<LogFile>* file : {&out_.file, &err_.file, &combined_})
        if (*file) open_files_.forget(**file);
}

void LogSession::start(Loop& loop, LogPipes pipes, const LogTargets& targets, std::span<char> buffer,
                       std::function<void()> on_end) {
    on_end_ = std::move(on_end);
    open_pump(out_, std::move(pipes.out), loop, targets, buffer);
    open_pump(err_, std::move(pipes.err), loop, targets, buffer);
    if (out_.pump || err_.pump) return;
    const auto end = std::move(on_end_);
    end();
}

void LogSession::open_pump(Output& output, UniqueFd pipe, Loop& loop, const LogTargets& targets,
                           std::span<char> buffer) {
    if (!pipe) return;
    core::LineStyle style{.format = disabled_ ? core::LogFormat::Raw : targets.format,
                          .date_format = targets.date_format,
                          .stream = output.stream,
                          .pm_id = source_.pm_id,
                          .app_name = source_.name};
    auto pump = LogPump::open(loop, std::move(pipe), std::move(style), buffer,
                              {.on_output = [this, &output](std::string_view text, std::size_t read,
                                                            WallTime at) { store(output, text, read, at); },
                               .on_end = [this, &output] { ended(output); }});
    if (pump)
        output.pump = std::move(pump).value();
    else
        feed_.report(LogReadFailed{source_, pump.error().message});
}

void LogSession::store(Output& output, std::string_view text, std::size_t read, WallTime at) {
    read_ += read;
    if (disabled_ || text.empty()) return;
    write(output.file, text);
    write(combined_, text);
    console_.write(source_, output.stream, text, at, output.console_rest);
    output.last = at;
    if (feed_.is_following()) {
        const std::string whole = std::exchange(output.unfinished, {}).append(text);
        const std::size_t size = whole.size() - unfinished_utf8(whole);
        output.unfinished = whole.substr(size);
        follow(output, std::string_view(whole).substr(0, size), at);
    } else {
        output.missed = 0;  // nobody was there to miss it
        output.unfinished.clear();
    }
}

void LogSession::follow(Output& output, std::string_view text, WallTime at) {
    if (text.empty()) return;
    if (feed_.publish(source_, output.stream, text, at, output.missed)) {
        output.missed = 0;
    } else {
        output.missed += text.size();
        missed_ += text.size();
    }
}

void LogSession::write(std::optional<LogFile>& file, std::string_view text) {
    if (!file) return;
    tell(*file, file->append(text, std::chrono::steady_clock::now()));
    open_files_.used(*file);
}

void LogSession::tell(const LogFile& file, const LogFile::News& news) {
    if (news.failed) feed_.report(LogWriteFailed{source_, file.path(), news.failed->message});
    if (news.lost) feed_.report(LogWriteLost{source_, file.path(), *news.lost, false});
    if (news.recovered) feed_.report(LogWriteRecovered{source_, file.path(), *news.recovered});
}

void LogSession::reopen() {
    const auto now = std::chrono::steady_clock::now();
    for (std::optional<LogFile>* file : {&out_.file, &err_.file, &combined_})
        if (*file) {
            tell(**file, (*file)->reopen(now));
            open_files_.used(**file);
        }
}

void LogSession::finish(Output& output) {
    output.pump.reset();
    console_.finish(source_, output.stream, output.last, output.console_rest);
    follow(output, std::exchange(output.unfinished, {}), output.last);
}

void LogSession::ended(Output& output) {
    finish(output);
    if (out_.pump || err_.pump) return;
    tell_last_losses();
    const auto end = std::move(on_end_);
    end();
}

void LogSession::tell_last_losses() {
    for (const std::optional<LogFile>* file : {&out_.file, &err_.file, &combined_})
        if (const auto losing = *file ? (*file)->losing() : std::nullopt)
            feed_.report(LogWriteLost{source_, (*file)->path(), *losing, true});
}

void LogSession::drain_and_close() {
    for (Output* output : {&out_, &err_}) {
        if (output->pump) output->pump->drain_and_close();
        finish(*output);
    }
    tell_last_losses();
}

LogSourceStats LogSession::stats() const {
    LogSourceStats stats{.source = source_, .read = read_, .dropped_followers = missed_};
    for (const std::optional<LogFile>* file : {&out_.file, &err_.file, &combined_})
        if (*file) stats.dropped_writes += (*file)->dropped();
    return stats;
}

}  // namespace kpm::io
