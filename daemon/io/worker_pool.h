#pragma once
// What the data plane can ask of any pool, whatever way its workers take connections. On the data plane's
// loop. All ignore workers that are not here.

#include "daemon/io/plane_types.h"

namespace kpm::io {

class WorkerPool {
public:
    virtual ~WorkerPool() = default;

    virtual void set_serving(const WorkerId& id, bool serving) = 0;
    virtual void drain(const WorkerId& id) = 0;
    virtual void remove_worker(const WorkerId& id) = 0;
    virtual void add_stats(PlaneStats& stats) const = 0;
};

}  // namespace kpm::io
