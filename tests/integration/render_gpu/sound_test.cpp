// Whole sounds through the GPU, beside those of the CPU in double precision.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"
#include "render-worker/renderer.h"
#include "render-worker/server/gpu_first_evaluator.h"
#include "tests/integration/render_gpu/gpu_fixture.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const CancelFlag kNotCancelled{false};

// Of the signal to what differs, in dB; infinite where nothing does.
double signal_to_noise(const std::vector<float>& expected, const std::vector<float>& found) {
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double wanted = expected[i], error = wanted - found[i];
        signal += wanted * wanted;
        noise += error * error;
    }
    return noise > 0 ? 10 * std::log10(signal / noise) : std::numeric_limits<double>::infinity();
}

// Of a genome's sound, in dB.
double gpu_beside_cpu(CppnEvaluator& gpu, CppnEvaluator& cpu, const Json& genome) {
    const RenderRequest request = golden::corpus_request();
    const auto expected = Renderer(cpu).render(genome, request, kNotCancelled);
    const auto found = Renderer(gpu).render(genome, request, kNotCancelled);
    REQUIRE(expected);
    REQUIRE(found);
    REQUIRE(found->samples.size() == expected->samples.size());
    return signal_to_noise(expected->samples, found->samples);
}

}  // namespace

TEST_CASE("gpu: whole sounds are those of the CPU", "[integration][render_gpu]") {
    const auto gpu = software_gpu();
    CpuCppn cpu;
    GpuFirstEvaluator evaluator(*gpu, cpu);
    CHECK(golden::genomes().size() >= 20);
    for (const auto& entry : golden::genomes()) {
        INFO(entry.id);
        CHECK(gpu_beside_cpu(evaluator, cpu, golden::read_json(entry.file)) >= 90);
    }
}

// float32 is heard more where a network jumps: a few may be further apart. A fifth of the corpus is silent,
// and is not counted among those that are near.
TEST_CASE("gpu: the sounds of the corpus are those of the CPU", "[integration][render_gpu]") {
    const auto gpu = software_gpu();
    CpuCppn cpu;
    GpuFirstEvaluator evaluator(*gpu, cpu);
    const auto corpus = golden::corpus();
    CHECK(corpus.size() == 166);
    std::size_t compared = 0, at_60 = 0, at_90 = 0;
    for (const auto& genome : corpus) {
        INFO(genome.id);
        const double ratio = gpu_beside_cpu(evaluator, cpu, Json::parse(genome.json));
        if (std::all_of(genome.raw.begin(), genome.raw.end(), [](float s) { return s == 0; })) {
            CHECK(ratio == std::numeric_limits<double>::infinity());
            continue;
        }
        ++compared;
        at_60 += ratio >= 60;
        at_90 += ratio >= 90;
    }
    INFO(at_60 << " of " << compared << " at 60 dB, " << at_90 << " at 90 dB");
    CHECK(compared >= 120);
    CHECK(static_cast<double>(at_60) >= 0.99 * static_cast<double>(compared));
    CHECK(static_cast<double>(at_90) >= 0.95 * static_cast<double>(compared));
}
