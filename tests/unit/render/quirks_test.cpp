// The switches that only a whole graph shows.
#include <catch2/catch.hpp>
#include <cmath>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"

using namespace kpm::render;
using kpm::Json;

namespace {

const CancelFlag kGoOn{false};

// An oscillator through one node to the output.
Json genome(Json node) {
    node["id"] = "middle";
    const Json oscillator = {
        {"id", "source"}, {"name", "OscillatorNode"}, {"type", "square"}, {"frequency", 400}};
    const auto connection = [](const char* from, const Json& to) {
        return Json{{"sourceNode", from}, {"targetNode", to}, {"weight", 1}};
    };
    return {{"asNEATPatch",
             {{"nodes", {oscillator, std::move(node), {{"id", 0}, {"name", "OutNode"}}}},
              {"connections", {connection("source", "middle"), connection("middle", 0)}}}}};
}

std::vector<float> rendered(const Json& json, const Quirks& quirks) {
    CpuCppn cppn;
    const auto sound = Renderer(cppn, quirks).render(json, {.duration = 0.1, .sample_rate = 16000}, kGoOn);
    REQUIRE(sound);
    return sound->samples;
}

float loudest(const std::vector<float>& samples, std::size_t from, std::size_t to) {
    float max = 0;
    for (std::size_t i = from; i < to; ++i) max = std::max(max, std::abs(samples[i]));
    return max;
}

std::string refusal(const Json& json) {
    CpuCppn cppn;
    const auto sound = Renderer(cppn).render(json, {.duration = 0.1, .sample_rate = 16000}, kGoOn);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().code == kpm::ErrorCode::Invalid);
    return sound.error().message;
}

}  // namespace

TEST_CASE("quirks: a filter's q counts only with the quirk off", "[unit][quirks]") {
    const auto filter = [](double q) {
        return genome({{"name", "FilterNode"}, {"type", "bandpass"}, {"frequency", 3000}, {"q", q}});
    };
    CHECK(rendered(filter(20), {}) == rendered(filter(1), {}));
    Quirks sane;
    sane.filter_q_ignored = false;
    CHECK(rendered(filter(20), sane) != rendered(filter(1), sane));
    CHECK(rendered(filter(1), sane) == rendered(filter(1), {}));
}

TEST_CASE("quirks: a feedback delay is silent, or an echo", "[unit][quirks]") {
    const Json echo = genome({{"name", "FeedbackDelayNode"}, {"delayTime", 0.02}, {"feedbackRatio", 0.5}});
    CHECK(loudest(rendered(echo, {}), 0, 1600) == 0);
    Quirks sane;
    sane.feedback_delay_silent = false;
    CHECK(loudest(rendered(echo, sane), 0, 1600) > 0.5F);
}

TEST_CASE("quirks: edges are faded only with the quirk off", "[unit][quirks]") {
    const Json plain = genome({{"name", "GainNode"}});
    const auto raw = rendered(plain, {});
    CHECK(loudest(raw, 0, 40) > 0.9F);
    Quirks sane;
    sane.edges_click = false;
    const auto faded = rendered(plain, sane);
    CHECK(loudest(faded, 0, 10) < 0.05F);
    CHECK(loudest(faded, 1550, 1600) < 0.2F);
    CHECK(loudest(faded, 900, 1000) > 0.9F);
}

TEST_CASE("graph builder: what a node cannot do is refused with its type and id", "[unit][quirks]") {
    CHECK(refusal(genome({{"name", "FilterNode"}, {"type", "comb"}})) ==
          "cannot render 'FilterNode middle': unknown filter type 'comb'");
    Json json = genome({{"name", "WaveShaperNode"}});
    json["asNEATPatch"]["connections"][0]["targetParameter"] = "curve";
    CHECK(refusal(json) == "cannot render 'WaveShaperNode middle': no parameter 'curve'");
    json["asNEATPatch"]["nodes"][1]["name"] = "AudioBufferSourceNode";
    json["asNEATPatch"]["connections"][0].erase("targetParameter");
    CHECK(refusal(json) == "cannot render 'AudioBufferSourceNode middle': no input");
    CHECK(refusal(genome({{"name", "PannerNode"}})) ==
          "cannot render 'PannerNode': this node type is not supported");
}

TEST_CASE("renderer: delays without end are refused for their memory", "[unit][quirks]") {
    Json json = genome({{"name", "GainNode"}});
    for (int i = 0; i < 1500; ++i)
        json["asNEATPatch"]["nodes"].push_back({{"id", "d" + std::to_string(i)}, {"name", "DelayNode"}});
    CpuCppn cppn;
    const auto sound = Renderer(cppn).render(json, {.duration = 2, .sample_rate = 384000}, kGoOn);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().message.find("samples of memory") != std::string::npos);
}
