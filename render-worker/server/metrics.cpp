#include "render-worker/server/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

namespace kpm::render {
namespace {

class Text {
public:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        fmt::format_to(std::back_inserter(text_),
                       "# HELP render_worker_{0} {2}\n# TYPE render_worker_{0} {1}\n", name, type, help);
    }
    template <class Number>
    void add(Number value, std::string_view labels = {}) {
        fmt::format_to(std::back_inserter(text_), "render_worker_{}{} {}\n", name_, labels, value);
    }
    template <class Number>
    void gauge(std::string_view name, std::string_view help, Number value) {
        begin(name, "gauge", help);
        add(value);
    }
    template <class Number>
    void counter(std::string_view name, std::string_view help, Number value) {
        begin(name, "counter", help);
        add(value);
    }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
    std::string_view name_;
};

}  // namespace

std::string metrics_text(const Metrics& metrics) {
    Text text;
    text.gauge("ready", "1 when new jobs are taken, as /ready tells.", metrics.ready ? 1 : 0);
    text.gauge("jobs_queued", "Jobs that wait, also those whose genome is being fetched.",
               metrics.load - std::min(metrics.load, metrics.running));
    text.gauge("jobs_running", "Jobs that are being rendered.", metrics.running);
    text.gauge("queue_limit", "Jobs that may wait before others are refused.", metrics.queue_limit);
    text.begin("jobs_total", "counter", "Jobs that have ended, by how.");
    text.add(metrics.jobs.done, R"({result="done"})");
    text.add(metrics.jobs.failed, R"({result="failed"})");
    text.add(metrics.jobs.cancelled, R"({result="cancelled"})");
    text.counter("refusals_total", "Jobs that were not taken.", metrics.jobs.refused);
    text.counter("render_seconds_total", "Time spent on rendering.", metrics.jobs.render_seconds);
    text.counter("audio_seconds_total", "Length of the sounds that were rendered.",
                 metrics.jobs.audio_seconds);
    text.begin("evaluations_total", "counter", "Networks evaluated, each for one frequency, by what did it.");
    text.add(metrics.jobs.evaluations.cpu, R"({backend="cpu"})");
    text.add(metrics.jobs.evaluations.gpu, R"({backend="gpu"})");
    text.gauge("gpu_buffer_bytes", "Memory of the GPU in buffers of the renderer.", metrics.jobs.gpu_bytes);
    text.begin("genome_fetches_total", "counter", "Genomes fetched by URL or from the database, by result.");
    text.add(metrics.jobs.genomes_fetched, R"({result="done"})");
    text.add(metrics.jobs.genomes_missed, R"({result="failed"})");
    text.gauge("connections", "Open connections.", metrics.connections);
    text.counter("connections_total", "Connections since the start.", metrics.connections_taken);
    return text.take();
}

}  // namespace kpm::render
