#pragma once
// A Mesa software context for a test, and a signal to compute on it.

#include <memory>
#include <numeric>
#include <vector>

#include <catch2/catch.hpp>

#include "render-worker/gpu/gles_cppn.h"

namespace kpm::render {

inline const DeviceSelector kSoftware{DeviceSelector::Kind::Software, ""};

inline GlApi system_api() {
    auto api = GlApi::load();
    if (!api) FAIL("cannot load EGL: " << api.error().detail);
    return *std::move(api);
}

inline std::unique_ptr<GlesCppn> software_gpu(const GlApi& api, GlesOptions options = {}) {
    auto evaluator = GlesCppn::create(kSoftware, api, options);
    if (!evaluator) FAIL(to_error(evaluator.error()).message);
    return *std::move(evaluator);
}

inline std::unique_ptr<GlesCppn> software_gpu() {
    return software_gpu(system_api());
}

inline SignalSpec signal(std::size_t samples, double rate = 16'000) {
    return {.frequency = 440,
            .sample_rate = rate,
            .sample_count = samples,
            .offset = 0,
            .total = samples,
            .velocity = 1};
}

inline std::vector<std::uint32_t> all_outputs(const CppnProgram& program) {
    std::vector<std::uint32_t> outputs(program.output_slots.size());
    std::iota(outputs.begin(), outputs.end(), 0u);
    return outputs;
}

}  // namespace kpm::render
