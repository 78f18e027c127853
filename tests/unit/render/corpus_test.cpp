// Many genomes that the reference evolved, each against the first channel that its audio graph put out.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "golden.h"
#include "ipc/base/json.h"
#include "pcm_tally.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/dsp/output_stage.h"
#include "render-worker/genome/genome.h"

using namespace kpm::render;

namespace {

const CancelFlag kCarryOn{false};

double peak(const std::vector<float>& samples) {
    double result = 0;
    for (const float sample : samples) result = std::max(result, std::abs(double{sample}));
    return result;
}

std::vector<float> normalised(std::vector<float> samples) {
    normalise(samples);
    return samples;
}

}  // namespace

// Among the noise-free ones are a few whose convolver drives the frequency of an oscillator: the oscillator's
// phase adds up what two FFTs round differently. That is why the limit of 1e-5 is not asked of all, nor the
// equality of 16-bit samples of those beyond it.
TEST_CASE("corpus: every genome sounds like the reference", "[unit][render]") {
    RenderRequest request = golden::corpus_request();
    request.output = OutputStage::FirstChannelRaw;
    CpuCppn cppn;
    Renderer renderer(cppn);
    std::size_t rendered = 0, compared = 0, close = 0;
    double worst = 0;
    golden::PcmTally pcm;
    for (const auto& [id, json, has_noise, raw] : golden::corpus()) {
        INFO(id);
        const auto sound = renderer.render(kpm::Json::parse(json), request, kCarryOn);
        REQUIRE(sound);
        REQUIRE(sound->samples.size() == raw.size());
        ++rendered;
        if (has_noise) continue;
        ++compared;
        const double error = golden::max_error(sound->samples, raw) / std::max(1.0, peak(raw));
        CHECK(error <= 1e-4);
        worst = std::max(worst, error);
        if (error > 1e-5) continue;
        ++close;
        CHECK(pcm.add(normalised(sound->samples), normalised(raw)) <= 1);
    }
    CHECK(rendered == 166);
    CHECK(compared == 127);
    INFO(close << " of " << compared << " within 1e-5, the furthest " << worst << "; " << pcm.different()
               << " of " << pcm.samples() << " 16-bit samples differ");
    CHECK(static_cast<double>(close) >= 0.98 * static_cast<double>(compared));
    CHECK(pcm.identical() >= 0.999);
}
