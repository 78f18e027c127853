#include "render-worker/graph/node_maker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "render-worker/dsp/additive.h"
#include "render-worker/dsp/biquad.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/compressor.h"
#include "render-worker/dsp/convolver.h"
#include "render-worker/dsp/delay.h"
#include "render-worker/dsp/feedback_delay.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/dsp/oscillator.h"
#include "render-worker/dsp/wave_shaper.h"
#include "render-worker/dsp/wavetable.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {

void set(AudioNode& node, const char* param, double value) {
    node.param(param)->set(static_cast<float>(value));
}

}  // namespace

Error node_error(const PlanNode& node, std::string_view reason) {
    const std::string_view type =
        node.patch_node != nullptr ? std::string_view(node.patch_node->name) : "weight";
    return {ErrorCode::Invalid,
            fmt::format("cannot render {}: {}", in_quotes(fmt::format("{} {}", type, node.id)), reason)};
}

Error no_parameter(const PlanNode& node, std::string_view name) {
    return node_error(node, fmt::format("no parameter {}", in_quotes(name)));
}

NodeMaker::Made NodeMaker::make(const PlanNode& node, const Feeds& feeds, bool sounds) {
    switch (node.kind) {
        case NodeKind::Gain:
            return gain(node, feeds);
        case NodeKind::Biquad:
            return filter(node, feeds);
        case NodeKind::Delay:
            return delay(node, feeds);
        case NodeKind::Compressor:
            return compressor(node, feeds);
        case NodeKind::Convolver:
            return convolver(node, feeds);
        case NodeKind::WaveShaper:
            return wave_shaper(node, feeds);
        case NodeKind::BufferSource:
            return buffer_source(node, feeds);
        case NodeKind::Wavetable:
            return wavetable(feeds);
        case NodeKind::Additive:
            return additive(node, feeds);
        case NodeKind::FeedbackDelay:
            return feedback_delay(node);
        case NodeKind::Oscillator:
            return oscillator(node, feeds, sounds);
    }
    return std::optional<NodeEnds>();
}

NodeMaker::Made NodeMaker::gain(const PlanNode& node, const Feeds& feeds) {
    auto made = std::make_unique<Gain>(options_.quirks);
    set(*made, "gain", node.patch_node != nullptr ? node.patch_node->number_or("gain", 1) : node.weight);
    return add(node, feeds, std::move(made));
}

NodeMaker::Made NodeMaker::oscillator(const PlanNode& node, const Feeds& feeds, bool sounds) {
    const std::string type = node.patch_node->type.value_or("");
    const auto form = type.empty() ? WaveForm::Sine : wave_form_named(type);
    if (!form) return node_error(node, fmt::format("unknown wave form {}", in_quotes(type)));
    auto made = std::make_unique<Oscillator>(*form, options_.sample_rate, options_.quirks);
    const double frequency = node.oscillator_frequency();
    const bool follows_note = sounds && !is_fed(feeds, "frequency");
    set(*made, "frequency", follows_note ? options_.pitch.transposed(frequency) : frequency);
    set(*made, "detune", node.patch_node->number_or("detune", 0));
    return add(node, feeds, std::move(made));
}

NodeMaker::Made NodeMaker::filter(const PlanNode& node, const Feeds& feeds) {
    const std::string name = node.patch_node->type.value_or("");
    const auto type = name.empty() ? FilterType::Lowpass : filter_type_named(name);
    if (!type) return node_error(node, fmt::format("unknown filter type {}", in_quotes(name)));
    auto made = std::make_unique<Biquad>(*type, options_.sample_rate, options_.quirks);
    set(*made, "frequency", node.patch_node->number_or("frequency", 350));
    set(*made, "detune", node.patch_node->number_or("detune", 0));
    set(*made, "gain", node.patch_node->number_or("gain", 0));
    if (!options_.quirks.filter_q_ignored) set(*made, "Q", node.patch_node->number_or("q", 1));
    return add(node, feeds, std::move(made));
}

NodeMaker::Made NodeMaker::delay(const PlanNode& node, const Feeds& feeds) {
    const DelayEnds ends = add_delay(graph_, options_.sample_rate, options_.frames, options_.quirks);
    AudioNode& reader = graph_.node(ends.output);
    set(reader, "delayTime", node.patch_node->number_or("delayTime", 0));
    if (auto followed = follow(node, feeds, reader); !followed) return std::move(followed).error();
    return std::optional(NodeEnds{ends.input, ends.output});
}

NodeMaker::Made NodeMaker::feedback_delay(const PlanNode& node) {
    if (options_.quirks.feedback_delay_silent) return std::optional<NodeEnds>();
    const FeedbackDelaySettings settings{node.patch_node->number_or("delayTime", 0),
                                         node.patch_node->number_or("feedbackRatio", 0), options_.frames};
    const DelayEnds ends = add_feedback_delay(graph_, settings, options_.sample_rate, options_.quirks);
    return std::optional(NodeEnds{ends.input, ends.output});
}

NodeMaker::Made NodeMaker::compressor(const PlanNode& node, const Feeds& feeds) {
    constexpr std::array<std::pair<const char*, double>, 5> kDefaults = {
        {{"threshold", -24}, {"knee", 30}, {"ratio", 12}, {"attack", 0.003}, {"release", 0.25}}};
    auto made = std::make_unique<Compressor>(options_.sample_rate, options_.quirks);
    for (const auto& [name, otherwise] : kDefaults)
        set(*made, name, node.patch_node->number_or(name, otherwise));
    return add(node, feeds, std::move(made));
}

NodeMaker::Made NodeMaker::convolver(const PlanNode& node, const Feeds& feeds) {
    return add(node, feeds, std::make_unique<Convolver>(last_curve(feeds, "buffer"), options_.sample_rate),
               "buffer");
}

NodeMaker::Made NodeMaker::wave_shaper(const PlanNode& node, const Feeds& feeds) {
    return add(node, feeds, std::make_unique<WaveShaper>(last_curve(feeds, "curve")), "curve");
}

NodeMaker::Made NodeMaker::buffer_source(const PlanNode& node, const Feeds& feeds) {
    return add(node, feeds, std::make_unique<BufferSource>(last_curve(feeds, "buffer"), options_.quirks),
               "buffer");
}

NodeMaker::Made NodeMaker::wavetable(const Feeds& feeds) {
    std::vector<Curve> waves;
    Curve mix;
    for (const Feed& feed : feeds) {
        if (feed.connection->parameter == "buffer")
            waves.push_back(curve(feed));
        else if (feed.connection->parameter == "mix" && mix == nullptr)
            mix = curve(feed);
    }
    const auto merger = add_wavetable(graph_, waves, mix, options_.duration, options_.quirks);
    return std::optional(NodeEnds{merger, merger});
}

// Buffers and envelopes are kept by partial number, in the order of first appearance; the j-th buffer goes
// with the j-th envelope. The weights count connections, not numbers, and the first partial has none.
NodeMaker::Made NodeMaker::additive(const PlanNode& node, const Feeds& feeds) {
    std::vector<std::pair<double, Curve>> buffers, envelopes;
    std::vector<double> weights;
    const auto keep = [](auto& list, double number, Curve kept) {
        const auto it =
            std::find_if(list.begin(), list.end(), [&](auto& item) { return item.first == number; });
        if (it != list.end())
            it->second = std::move(kept);
        else
            list.emplace_back(number, std::move(kept));
    };
    for (const Feed& feed : feeds) {
        const double number = feed.connection->partial_number;
        if (feed.connection->parameter == "partialBuffer") keep(buffers, number, curve(feed));
        if (feed.connection->parameter != "partialGainEnvelope") continue;
        keep(envelopes, number, curve(feed));
        weights.push_back(feed.connection->weight);
    }
    if (envelopes.size() < buffers.size())
        return node_error(node,
                          fmt::format("{} partials but only {} envelopes", buffers.size(), envelopes.size()));
    std::vector<Partial> partials;
    for (std::size_t j = 0; j < buffers.size(); ++j)
        partials.push_back({buffers[j].second, envelopes[j].second, j == 0 ? 1.0 : weights[j]});
    const auto merger = add_additive(graph_, partials, options_.duration, options_.quirks);
    return std::optional(NodeEnds{merger, merger});
}

Result<void> NodeMaker::follow(const PlanNode& node, const Feeds& feeds, AudioNode& audio_node,
                               std::string_view data) {
    for (const Feed& feed : feeds) {
        const std::string& name = feed.connection->parameter;
        if (name.empty() || name == data) continue;
        AudioParam* param = audio_node.param(name);
        if (param == nullptr) return no_parameter(node, name);
        param->set_curve(curve(feed), options_.duration);
    }
    return {};
}

NodeMaker::Made NodeMaker::add(const PlanNode& node, const Feeds& feeds,
                               std::unique_ptr<AudioNode> audio_node, std::string_view data) {
    if (auto followed = follow(node, feeds, *audio_node, data); !followed) return std::move(followed).error();
    const auto index = graph_.add(std::move(audio_node));
    return std::optional(NodeEnds{index, index});
}

}  // namespace kpm::render
