#include "render-worker/server/metrics.h"

#include <catch2/catch.hpp>
#include <string>

using namespace kpm::render;

TEST_CASE("metrics: every value has its line", "[unit][render_server]") {
    Metrics metrics{.load = 3, .running = 1, .queue_limit = 64, .connections = 5, .connections_taken = 9};
    metrics.jobs = {.done = 10,
                    .failed = 2,
                    .cancelled = 4,
                    .refused = 7,
                    .genomes_fetched = 6,
                    .genomes_missed = 8,
                    .render_seconds = 1.5,
                    .audio_seconds = 20.25,
                    .evaluations = {.cpu = 11, .gpu = 12},
                    .gpu_bytes = 13};
    metrics.ready = true;
    const std::string text = "\n" + metrics_text(metrics);
    for (const char* line :
         {"ready 1", "jobs_queued 2", "jobs_running 1", "queue_limit 64", "jobs_total{result=\"done\"} 10",
          "jobs_total{result=\"failed\"} 2", "jobs_total{result=\"cancelled\"} 4", "refusals_total 7",
          "render_seconds_total 1.5", "audio_seconds_total 20.25", "evaluations_total{backend=\"cpu\"} 11",
          "evaluations_total{backend=\"gpu\"} 12", "gpu_buffer_bytes 13",
          "genome_fetches_total{result=\"done\"} 6", "genome_fetches_total{result=\"failed\"} 8",
          "connections 5", "connections_total 9"})
        CHECK_THAT(text, Catch::Contains("\nrender_worker_" + std::string(line) + "\n"));
    CHECK_THAT(text, Catch::Contains("\n# TYPE render_worker_jobs_total counter\n"));
    CHECK_THAT(text, Catch::Contains("\n# TYPE render_worker_connections gauge\n"));
}

TEST_CASE("metrics: a job that ends between two looks is not a negative number", "[unit][render_server]") {
    CHECK_THAT(metrics_text({.load = 0, .running = 1}), Catch::Contains("render_worker_jobs_queued 0\n"));
}
