#include "cli/launches.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <thread>

#include "cli/command.h"
#include "cli/failed_launch.h"
#include "cli/last_exit.h"
#include "cli/progress.h"
#include "ipc/base/processor_wait.h"

namespace kpm::cli {
namespace {

using Clock = RestWatch::Clock;
using std::chrono::milliseconds;

constexpr Clock::duration kShortPause = std::chrono::microseconds(450), kLongestPause = milliseconds(10);
constexpr int kPauseShare = 16;  // of the time waited so far: who starts slowly is looked at less often
constexpr std::int64_t kDefaultUptime = 1000;  // ms; PM2's min_uptime
constexpr milliseconds kNewsLimit{1000};       // for the daemon to hear of an end
constexpr milliseconds kLongest{10'000};       // who has worked so long is up, whatever its min_uptime
constexpr milliseconds kLongestWait{60'000};   // for a processor

bool is_on(const Json& env, const char* key) {
    const auto value = env.find(key);
    return value != env.end() && value->is_boolean() && value->get<bool>();
}

// The daemon hears of an end a little later than we see it.
Result<ProcessList> list_without(Context& context, std::span<const std::pair<std::int64_t, pid_t>> dead) {
    const auto limit = Clock::now() + kNewsLimit;
    for (;;) {
        auto list = context.session->brief_list();
        if (!list) return list;
        const bool is_known = std::ranges::none_of(list->rows, [&](const ProcessRow& row) {
            return std::ranges::any_of(
                dead, [&](const auto& one) { return row.id == one.first && row.pid == one.second; });
        });
        if (is_known || Clock::now() > limit) return list;
        std::this_thread::sleep_for(kShortPause);
    }
}

}  // namespace

std::string failure_of(const ProcessRow& row) {
    const Json& env = row.env();
    // Ended on purpose (by its cron pattern, a changed file, another client) and up again: no early exit
    // counts.
    if (row.status == "online" && integer_of(env, "unstable_restarts").value_or(0) == 0) return "";
    const auto code = integer_of(env, "exit_code").value_or(0);
    if (!env.contains("exit_signal") && text_of(env, "failure").empty()) {
        if (code == 0) return "";
        const auto expected = env.find("stop_exit_codes");
        if (expected != env.end()) {
            const auto is_code = [&](const Json& one) { return one == code; };
            if (expected->is_array() ? std::ranges::any_of(*expected, is_code) : is_code(*expected))
                return "";
        }
    }
    return exit_cause(env);
}

Launches::Launches() : since_(now_ms()) {}

void Launches::add(const Json& answer) {
    if (answer.is_array()) {
        for (const Json& one : answer) add(one);
        return;
    }
    if (!answer.is_object() || !answer.contains("process") || !answer.contains("pm2_env")) return;
    const Json& env = answer["pm2_env"];
    const auto pid = integer_of(answer["process"], "pid").value_or(0);
    const auto id = integer_of(env, "pm_id");
    if (!id || is_on(env, "wait_ready")) return;
    if (pid <= 0) {  // not started, or it has ended before the last instance of its app was up
        if (env.contains("exit_code") || env.contains("failure"))
            dead_.push_back({*id, 0, text_of(env, "name")});
        return;
    }
    const auto lived = std::max<std::int64_t>(0, now_ms() - integer_of(env, "pm_uptime").value_or(now_ms()));
    const auto uptime = integer_of(env, "min_uptime").value_or(kDefaultUptime);
    open_.push_back({*id, static_cast<pid_t>(pid), text_of(env, "name"), Clock::now(),
                     std::min(milliseconds(uptime - lived), kLongest), RestWatch(static_cast<pid_t>(pid))});
}

bool Launches::has_lived(const Launch& launch, Clock::time_point now) {
    const auto age = now - launch.begin;
    if (age < launch.needed) return false;
    return age >= launch.needed + std::min<Clock::duration>(processor_wait_in_tree(launch.pid), kLongestWait);
}

void Launches::wait(Context& context) {
    const auto begin = Clock::now();
    Progress progress(context.console);
    for (;;) {
        const auto now = Clock::now();
        const Clock::duration needed = std::clamp((now - begin) / kPauseShare, kShortPause, kLongestPause);
        Clock::duration pause{0};
        bool are_calm = true;
        std::erase_if(open_, [&](Launch& launch) {
            const RestWatch::Sight sight = launch.watch.look(now);
            if (sight.is_gone) dead_.push_back({launch.id, launch.pid, launch.app});
            const bool is_done = sight.is_gone || sight.calm >= needed || has_lived(launch, now);
            if (!is_done) pause = std::max(pause, needed - sight.calm);
            are_calm = are_calm && !sight.is_gone && sight.is_calm;
            return is_done;
        });
        if (open_.empty()) return;
        progress.show(
            fmt::format("waiting for {} process{} to be up", open_.size(), open_.size() == 1 ? "" : "es"));
        // Probably this is the last wait, and the list is what most commands end with.
        if (are_calm) context.session->ask_to_show();
        std::this_thread::sleep_for(pause);
    }
}

// Instances of an app that fail in the same way are told of once.
void Launches::tell(Context& context, const std::vector<Dead>& dead) {
    std::vector<std::pair<std::int64_t, pid_t>> known;
    for (const Dead& one : dead)
        if (one.pid != 0) known.emplace_back(one.id, one.pid);
    const auto list = list_without(context, known);
    if (!list) {
        has_failed_ = true;
        context.console.error(list.error().message);
        return;
    }
    std::map<std::pair<std::string, std::string>, std::vector<const ProcessRow*>> failures;
    for (const ProcessRow& row : list->rows) {
        if (std::ranges::find(dead, row.id, &Dead::id) == dead.end()) continue;
        if (std::string cause = failure_of(row); !cause.empty())
            failures[{row.name, std::move(cause)}].push_back(&row);
    }
    for (const auto& [what, rows] : failures) {
        has_failed_ = true;
        const ProcessRow& row = *rows.front();
        const std::string name = printable(row.name);
        context.console.error(fmt::format("cannot start '{}'{}: it ended right after its start, {}", name,
                                          rows.size() > 1 ? fmt::format(" ({} instances)", rows.size()) : "",
                                          printable(what.second)));
        say_last_words(context, row, since_);
    }
}

bool Launches::settle(Context& context) {
    if (!is_waiting()) return true;
    const bool had_failed = std::exchange(has_failed_, false);
    wait(context);
    if (const auto dead = std::exchange(dead_, {}); !dead.empty()) tell(context, dead);
    const bool is_good = !has_failed_;
    has_failed_ |= had_failed;
    return is_good;
}

bool Launches::settle(Context& context, std::string_view app) {
    const auto take_others = [&](auto& all) {
        std::remove_reference_t<decltype(all)> others;
        std::ranges::copy_if(all, std::back_inserter(others),
                             [&](const auto& one) { return one.app != app; });
        std::erase_if(all, [&](const auto& one) { return one.app != app; });
        return others;
    };
    const auto open = take_others(open_);
    const auto dead = take_others(dead_);
    const bool is_good = settle(context);
    open_.insert(open_.end(), open.begin(), open.end());
    dead_.insert(dead_.end(), dead.begin(), dead.end());
    return is_good;
}

}  // namespace kpm::cli
