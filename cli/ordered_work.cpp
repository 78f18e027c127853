#include "cli/ordered_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <thread>

#include "cli/command.h"
#include "cli/last_exit.h"
#include "cli/progress.h"
#include "ecosystem/parse_app.h"

namespace kpm::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{10}, kLongestPause{250};  // between two looks at what is to complete

ecosystem::StartOrder order_of(const std::vector<WorkedApp>& apps, OrderedWork::Order order) {
    std::vector<ecosystem::AppNeeds> needs;
    for (const WorkedApp& app : apps) needs.push_back({app.name, &app.needs});
    if (order == OrderedWork::Order::DependenciesFirst) return ecosystem::start_order(needs);
    return {ecosystem::stop_order(needs), {}};
}

}  // namespace

OrderedWork::OrderedWork(Context& context, std::vector<WorkedApp> apps, Order order, std::string_view verb,
                         OnFailure on_failure)
    : context_(context),
      apps_(std::move(apps)),
      verb_(verb),
      on_failure_(on_failure),
      order_(order_of(apps_, order)),
      left_(apps_.size()) {}

std::optional<std::size_t> OrderedWork::take() {
    while (const auto task = order_.tasks.take()) {
        if (*task < apps_.size()) {
            --left_;
            return task;
        }
        ends_.push_back(*task);
    }
    return std::nullopt;
}

void OrderedWork::done(std::size_t app) {
    if (order_.tasks.comes_before_others(app) && !context_.launches.settle(context_, apps_[app].name))
        return failed(app);
    order_.tasks.done(app);
}

void OrderedWork::failed(std::size_t app) {
    fail(app, fmt::format("failed to {}", verb_));
}

void OrderedWork::fail(std::size_t task, std::string reason) {
    is_good_ = false;
    if (on_failure_ == OnFailure::GoOn) return order_.tasks.done(task);
    const std::size_t cause = task < apps_.size() ? task : order_.end_of[task - apps_.size()];
    std::map<std::string_view, std::string> reasons{{apps_[cause].name, std::move(reason)}};
    std::vector<std::size_t> lost = order_.tasks.fail(task);
    std::erase_if(lost, [&](std::size_t one) { return one >= apps_.size(); });
    left_ -= lost.size();
    // From each to what takes it along: in the order of the failures, not of the apps.
    while (!lost.empty()) {
        const auto next = std::ranges::find_if(lost, [&](std::size_t one) {
            return std::ranges::any_of(apps_[one].needs,
                                       [&](const auto& need) { return reasons.contains(need.first); });
        });
        if (next == lost.end()) return;
        const WorkedApp& app = apps_[*next];
        lost.erase(next);
        const auto need =
            std::ranges::find_if(app.needs, [&](const auto& one) { return reasons.contains(one.first); });
        context_.console.error(fmt::format("cannot {} '{}': '{}', which it depends on, {}", verb_,
                                           printable(app.name), printable(need->first),
                                           printable(reasons.at(need->first))));
        reasons.emplace(app.name, "was left out");
    }
}

bool OrderedWork::look(const std::vector<ProcessRow>& rows) {
    bool has_ended = false;
    for (const std::size_t task : std::vector(ends_)) {
        const std::string& name = apps_[order_.end_of[task - apps_.size()]].name;
        std::string why;
        const Completion completion = completion_of(name, rows, why);
        if (completion == Completion::Running) continue;
        has_ended = true;
        std::erase(ends_, task);
        if (completion == Completion::Completed)
            order_.tasks.done(task);
        else
            fail(task, fmt::format("did not complete: {}", why));
    }
    return has_ended;
}

void OrderedWork::wait() {
    Progress progress(context_.console);
    for (milliseconds pause = kFirstPause;; pause = std::min(pause * 5 / 4, kLongestPause)) {
        const auto list = context_.session->brief_list();
        if (!list) {
            context_.console.error(list.error().message);
            for (const std::size_t task : std::exchange(ends_, {})) fail(task, "cannot be watched any more");
            return;
        }
        if (look(list->rows)) return;
        std::string names;
        for (const std::size_t task : ends_)
            names += (names.empty() ? "" : ", ") + apps_[order_.end_of[task - apps_.size()]].name;
        progress.show(fmt::format("waiting for the end of {}", names));
        std::this_thread::sleep_for(pause);
    }
}

Completion completion_of(std::string_view name, std::span<const ProcessRow> rows, std::string& why) {
    bool is_there = false;
    Completion all = Completion::Completed;
    for (const ProcessRow& row : rows) {
        if (row.name != name) continue;
        is_there = true;
        const bool is_over = row.status == "stopped" || row.status == "errored";
        const std::string cause = exit_cause(row.env());
        if (!is_over) {
            if (all == Completion::Completed) all = Completion::Running;
        } else if (row.status == "errored" || cause != "exit code 0") {
            all = Completion::Failed;
            why = cause.empty() ? "it does not run" : cause;
        }
    }
    if (is_there) return all;
    why = "it was deleted";
    return Completion::Failed;
}

ecosystem::Dependencies needs_in(const Json& env) {
    const auto needs = env.find("depends_on");
    if (needs == env.end()) return {};
    auto parsed = ecosystem::parse_wire(Json{{"depends_on", *needs}});
    return parsed ? std::move(parsed->depends_on) : ecosystem::Dependencies();
}

}  // namespace kpm::cli
