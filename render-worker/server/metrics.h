#pragma once
// What a worker tells of itself, in Prometheus' text format 0.0.4
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure.

#include <cstddef>
#include <cstdint>
#include <string>

#include "render-worker/server/render_queue.h"

namespace kpm::render {

struct Metrics {
    std::size_t load = 0;  // jobs queued and running
    std::size_t running = 0;
    std::size_t queue_limit = 0;
    QueueCounters jobs;
    std::size_t connections = 0;  // open
    std::uint64_t connections_taken = 0;
    bool ready = false;
};

std::string metrics_text(const Metrics& metrics);

}  // namespace kpm::render
