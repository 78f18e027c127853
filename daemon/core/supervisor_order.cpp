// The end of everything: dependents before what they depend on.

#include <utility>

#include "daemon/core/snapshot.h"
#include "daemon/core/supervisor.h"
#include "ecosystem/dependency_order.h"

namespace kpm::core {

// Shared by the answers of all slots.
struct Supervisor::StopRun {
    ecosystem::Precedence order;
    std::vector<std::vector<int>> ids;  // by task
    std::vector<std::size_t> running;   // of them
    std::size_t unfinished;             // tasks
    EndCause cause;
    Done done;
    bool is_busy = false;
};

void Supervisor::stop_all(Done done) {
    ecosystem::AppList list;
    std::vector<std::vector<int>> ids;
    for (const auto& [pm_id, slot] : slots_) {
        const std::size_t app = list.add(slot.config->name, slot.config->depends_on);
        if (app == ids.size()) ids.emplace_back();
        ids[app].push_back(pm_id);
    }
    if (ids.empty()) return done({});
    std::vector<std::size_t> running;
    for (const auto& of_app : ids) running.push_back(of_app.size());
    const std::size_t count = ids.size();
    stop_next(std::make_shared<StopRun>(StopRun{ecosystem::stop_order(list.apps()), std::move(ids),
                                                std::move(running), count,
                                                by_client(EndCause::Kind::DaemonEnd), std::move(done)}));
}

void Supervisor::stop_next(const std::shared_ptr<StopRun>& run) {
    // The answer may come within the call: the loop below sees what it has set free.
    if (std::exchange(run->is_busy, true)) return;
    while (const auto task = run->order.take()) {
        for (const int pm_id : run->ids[*task]) {
            stop_at_once(pm_id, run->cause, [this, run, task = *task](const Result<void>&) {
                if (--run->running[task] > 0) return;
                run->order.done(task);
                --run->unfinished;
                stop_next(run);
            });
        }
    }
    run->is_busy = false;
    if (run->unfinished == 0 && run->done) std::exchange(run->done, nullptr)({});
}

void Supervisor::end(Done done) {
    if (!std::exchange(is_ending_, true)) host_.persist(kEndingKey, "1");
    stop_all(std::move(done));
}

}  // namespace kpm::core
