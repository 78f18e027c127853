#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "golden.h"
#include "ipc/base/json.h"
#include "pcm_tally.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"
#include "stored_noise.h"

using namespace kpm::render;
using kpm::Json;

namespace {

const CancelFlag kGoOn{false};
constexpr std::size_t kSounds = 75;
constexpr double kIdenticalPcm = 0.999;  // of the 16-bit samples of all sounds

kpm::Result<RenderedSound> render(const Json& genome, const RenderRequest& request) {
    CpuCppn cppn;
    return Renderer(cppn).render(genome, request, kGoOn);
}

Json additive() {
    return golden::read_json("genomes/s03_additive.json.gz");
}

std::string refusal(const RenderRequest& request) {
    const auto sound = render(additive(), request);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().code == kpm::ErrorCode::Invalid);
    return sound.error().message;
}

}  // namespace

TEST_CASE("render: genomes of sources and gains sound like the reference in every stored condition",
          "[unit][render]") {
    std::size_t compared = 0;
    golden::PcmTally pcm;
    for (const auto& entry : golden::genomes()) {
        for (const auto& rendering : entry.renderings) {
            if (rendering.final_file.empty()) continue;
            INFO(entry.id << ": " << rendering.label());
            CpuCppn cppn;
            golden::StoredNoise noise(rendering);
            Renderer renderer(cppn, {}, &noise);
            const auto sound = renderer.render(golden::read_json(entry.file), rendering.request, kGoOn);
            REQUIRE(sound);
            const auto expected = golden::read_floats(rendering.final_file);
            CHECK(golden::max_error(sound->samples, expected) <= 1e-5);
            CHECK(pcm.add(sound->samples, expected) <= 1);
            ++compared;
        }
    }
    CHECK(compared == 27);
    INFO(pcm.different() << " of " << pcm.samples() << " samples differ by a step");
    CHECK(pcm.identical() >= kIdenticalPcm);
}

TEST_CASE("render: genomes with every node type sound like the reference", "[unit][render]") {
    std::size_t compared = 0;
    golden::PcmTally pcm;
    for (const auto& [genome_file, rendering] : golden::sounds()) {
        INFO(genome_file << ": " << rendering.label());
        const auto sound = render(golden::read_json(genome_file), rendering.request);
        REQUIRE(sound);
        const auto expected = golden::read_floats(rendering.final_file);
        CHECK(golden::max_error(sound->samples, expected) <= 1e-5);
        CHECK(pcm.add(sound->samples, expected) <= 1);
        ++compared;
    }
    CHECK(compared == kSounds);
    INFO(pcm.different() << " of " << pcm.samples() << " samples differ by a step");
    CHECK(pcm.identical() >= kIdenticalPcm);
}

TEST_CASE("render: requests out of bounds are refused with the reason", "[unit][render]") {
    CHECK(refusal({.duration = -1}) == "cannot render 'genome': duration -1 is not from 0 to 600 seconds");
    CHECK(refusal({.duration = std::numeric_limits<double>::quiet_NaN()}) ==
          "cannot render 'genome': duration nan is not from 0 to 600 seconds");
    CHECK(refusal({.duration = 601}) == "cannot render 'genome': duration 601 is not from 0 to 600 seconds");
    CHECK(refusal({.duration = 0}) == "cannot render 'genome': 0 seconds are less than two samples");
    CHECK(refusal({.sample_rate = 0}) ==
          "cannot render 'genome': sample rate 0 is not from 3000 to 384000 Hz");
    CHECK(refusal({.note_delta = std::numeric_limits<double>::infinity()}) ==
          "cannot render 'genome': note delta inf is not from -1200 to 1200");
    CHECK(refusal({.velocity = std::numeric_limits<double>::infinity()}) ==
          "cannot render 'genome': note ratio and velocity must be finite numbers");
    CHECK(refusal({.duration = 600, .sample_rate = 384000}) ==
          "cannot render 'genome': it needs 1382400000 samples of memory, at most 268435456 are allowed");
}

TEST_CASE("render: a hundredth of a second is rendered", "[unit][render]") {
    const auto sound = render(additive(), {.duration = 0.01, .sample_rate = 44100});
    REQUIRE(sound);
    CHECK(sound->samples.size() == 441);
}

TEST_CASE("render: the same genome with noise sounds the same each time", "[unit][render]") {
    const Json genome = golden::read_json("genomes/n01_noise.json.gz");
    const auto first = render(genome, {.duration = 0.1});
    const auto second = render(genome, {.duration = 0.1});
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->samples == second->samples);
}

TEST_CASE("render: anti-aliased sound is refused, or with the quirk off as the reference meant it",
          "[unit][render]") {
    RenderRequest request{.duration = 0.5, .sample_rate = 16000, .anti_aliasing = true};
    CHECK(refusal(request) == "cannot render 'genome': anti-aliasing is not supported");

    CpuCppn cppn;
    Quirks quirks;
    quirks.anti_aliasing_unreliable = false;
    const auto sound = Renderer(cppn, quirks).render(additive(), request, kGoOn);
    REQUIRE(sound);
    const auto expected = golden::read_floats(
        "../../unit/render/sounds/audio/s03_additive_pcmf32_sr16000_d0.5_nd0_v1_aa.f32.gz");
    CHECK(golden::max_error(sound->samples, expected) <= 1e-5);

    // Every second sample in place of the first half: the gesture keeps its length.
    quirks.anti_aliasing_keeps_first_half = false;
    const auto whole = Renderer(cppn, quirks).render(additive(), request, kGoOn);
    request.anti_aliasing = false;
    const auto plain = render(additive(), request);
    REQUIRE(whole);
    REQUIRE(plain);
    CHECK(golden::max_error(whole->samples, expected) > 0.01);
    CHECK(whole->samples.size() == plain->samples.size());
}

TEST_CASE("render: a part of the signals is put at the beginning of a sound of full length",
          "[unit][render]") {
    const RenderRequest whole{.duration = 0.25, .sample_rate = 16000};
    RenderRequest part = whole;
    part.part = SignalPart{.offset = 1000, .count = 1024};
    const auto sound = render(additive(), part);
    REQUIRE(sound);
    CHECK(sound->samples.size() == 4000);
    CHECK(std::any_of(sound->samples.begin(), sound->samples.begin() + 1024, [](float s) { return s != 0; }));
    CHECK(std::all_of(sound->samples.begin() + 1152, sound->samples.end(), [](float s) { return s == 0; }));

    part.part = SignalPart{.offset = 0, .count = 4000};
    const auto all = render(additive(), part);
    const auto plain = render(additive(), whole);
    REQUIRE(all);
    REQUIRE(plain);
    CHECK(all->samples == plain->samples);

    part.part = SignalPart{.offset = 3999, .count = 2};
    CHECK(refusal(part) == "cannot render 'genome': 2 samples from the 3999th on are not within 4000");
    part.part = SignalPart{.offset = 0, .count = 1};
    CHECK(refusal(part) == "cannot render 'genome': 1 samples are too few, it needs two");
}

TEST_CASE("render: a cancelled job is unavailable", "[unit][render]") {
    CpuCppn cppn;
    const CancelFlag cancelled{true};
    const auto sound = Renderer(cppn).render(additive(), {}, cancelled);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().code == kpm::ErrorCode::Unavailable);
}
