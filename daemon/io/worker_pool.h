#pragma once
// What the data plane can ask of any pool, whatever way its workers take connections. On the data plane's
// loop. All ignore workers that are not here.

#include <algorithm>
#include <memory>
#include <vector>

#include "daemon/io/plane_types.h"

namespace kpm::io {

class WorkerPool {
public:
    virtual ~WorkerPool() = default;

    virtual void set_serving(const WorkerId& id, bool serving) = 0;
    virtual void drain(const WorkerId& id) = 0;
    virtual void remove_worker(const WorkerId& id) = 0;
    // Also to one that does not serve. At most one is under way to a worker.
    virtual void pass_probe(const WorkerId& id, PlaneProbe probe) = 0;
    virtual void add_stats(PlaneStats& stats) const = 0;
};

// The one of a pool's workers that is called so; null: it is not here.
template <class Worker>
Worker* find_worker(const std::vector<std::unique_ptr<Worker>>& workers, const WorkerId& id) {
    const auto found = std::ranges::find(workers, id, [](const auto& worker) { return worker->id; });
    return found == workers.end() ? nullptr : found->get();
}

}  // namespace kpm::io
