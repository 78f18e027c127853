// Whole sounds through the GPU, beside those of the CPU in double precision.
#include <catch2/catch.hpp>
#include <cmath>
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

// Of the signal to what differs, in dB.
double signal_to_noise(const std::vector<float>& expected, const std::vector<float>& found) {
    double signal = 0, noise = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const double wanted = expected[i], error = wanted - found[i];
        signal += wanted * wanted;
        noise += error * error;
    }
    return 10 * std::log10(signal / (noise + 1e-30));
}

}  // namespace

TEST_CASE("gpu: whole sounds are those of the CPU", "[integration][render_gpu]") {
    std::vector<std::string> files;
    for (const auto& entry : golden::genomes()) files.push_back(entry.file);
    // Their oscillators' frequencies come from the network.
    files.insert(files.end(), {"corpus/std_m40_s40023.json.gz", "corpus/std_m80_s80009.json.gz"});
    CHECK(files.size() >= 20);
    const auto gpu = software_gpu();
    CpuCppn cpu;
    GpuFirstEvaluator evaluator(*gpu, cpu);
    RenderRequest request;
    request.sample_rate = 16'000;
    request.duration = 0.25;
    request.note_delta = 5;
    for (const std::string& file : files) {
        INFO(file);
        const Json genome = golden::read_json(file);
        const auto expected = Renderer(cpu).render(genome, request, kNotCancelled);
        const auto found = Renderer(evaluator).render(genome, request, kNotCancelled);
        REQUIRE(expected);
        REQUIRE(found);
        REQUIRE(found->samples.size() == expected->samples.size());
        CHECK(signal_to_noise(expected->samples, found->samples) >= 90);
    }
}
