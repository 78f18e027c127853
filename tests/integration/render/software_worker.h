#pragma once
// The real worker on Mesa's software renderer, and a job for it.

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"
#include "tests/unit/render/golden.h"

namespace kpm::test {

inline std::string sound_request(bool on_gpu = true) {
    return Json{{"type", "get_audio_data"},
                {"genomeString", render::golden::read("genomes/s03_additive.json.gz")},
                {"duration", 0.1},
                {"useGPU", on_gpu},
                {"sampleRate", 16000}}
        .dump();
}

// `arguments` and `environment` beside what every such worker has. The drivers' own leaks are not ours; one
// thread for each context.
inline WorkerProcess::Options on_software(const std::vector<std::string>& arguments,
                                          const std::vector<std::string>& environment = {}) {
    const auto cache = std::filesystem::path(gate_worker()).parent_path() / "mesa-cache";
    WorkerProcess::Options options{.arguments = {"--host", "127.0.0.1", "--port", "0", "--gpu", "software"},
                                   .environment = {"ASAN_OPTIONS=detect_leaks=0", "LP_NUM_THREADS=1",
                                                   "MESA_SHADER_CACHE_DIR=" + cache.string()}};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    options.environment.insert(options.environment.end(), environment.begin(), environment.end());
    return options;
}

}  // namespace kpm::test
