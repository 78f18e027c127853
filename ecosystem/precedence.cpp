#include "ecosystem/precedence.h"

#include <algorithm>
#include <utility>

namespace kpm::ecosystem {

Precedence::Precedence(std::size_t tasks) : tasks_(tasks) {
    for (std::size_t task = 0; task < tasks; ++task) {
        open_.insert(open_.end(), task);
        ready_.insert(ready_.end(), task);
    }
}

std::size_t Precedence::add_task() {
    const std::size_t task = tasks_.size();
    tasks_.emplace_back();
    open_.insert(task);
    ready_.insert(task);
    return task;
}

void Precedence::add(std::size_t before, std::size_t after) {
    tasks_[before].followers.push_back(after);
    ++tasks_[after].waits_for;
    ready_.erase(after);
}

std::vector<std::size_t> Precedence::circle() const {
    struct Step {
        std::size_t task;
        std::size_t next = 0;  // of its followers
    };
    enum class Mark : char { New, OnPath, Done };
    std::vector<Mark> marks(tasks_.size(), Mark::New);
    for (std::size_t start = 0; start < tasks_.size(); ++start) {
        std::vector<Step> path;
        if (marks[start] == Mark::New) path.push_back({start});
        while (!path.empty()) {
            Step& step = path.back();
            marks[step.task] = Mark::OnPath;
            if (step.next == tasks_[step.task].followers.size()) {
                marks[step.task] = Mark::Done;
                path.pop_back();
                continue;
            }
            const std::size_t follower = tasks_[step.task].followers[step.next++];
            if (marks[follower] == Mark::New) path.push_back({follower});
            if (marks[follower] != Mark::OnPath) continue;
            std::vector<std::size_t> found;
            for (auto at = std::ranges::find(path, follower, &Step::task); at != path.end(); ++at)
                found.push_back(at->task);
            found.push_back(follower);
            return found;
        }
    }
    return {};
}

std::optional<std::size_t> Precedence::take() {
    std::set<std::size_t>& from = ready_.empty() && under_way_ == 0 ? open_ : ready_;
    if (from.empty()) return std::nullopt;
    const std::size_t task = *from.begin();
    ready_.erase(task);
    open_.erase(task);
    ++under_way_;
    return task;
}

void Precedence::done(std::size_t task) {
    --under_way_;
    for (const std::size_t follower : tasks_[task].followers)
        if (--tasks_[follower].waits_for == 0 && open_.contains(follower)) ready_.insert(follower);
}

std::vector<std::size_t> Precedence::fail(std::size_t task) {
    --under_way_;
    std::set<std::size_t> lost;
    std::vector<std::size_t> left{task};
    while (!left.empty()) {
        const std::size_t one = left.back();
        left.pop_back();
        for (const std::size_t follower : tasks_[one].followers)
            if (open_.erase(follower) > 0) {
                ready_.erase(follower);
                lost.insert(follower);
                left.push_back(follower);
            }
    }
    return {lost.begin(), lost.end()};
}

}  // namespace kpm::ecosystem
