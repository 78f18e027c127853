#include "render-worker/renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "render-worker/dsp/convolver.h"
#include "render-worker/dsp/delay.h"
#include "render-worker/dsp/output_stage.h"
#include "render-worker/genome/audio_plan.h"
#include "render-worker/genome/genome.h"
#include "render-worker/graph/graph_builder.h"
#include "render-worker/signal_maker.h"
#include "render-worker/summed_output.h"

namespace kpm::render {
namespace {

constexpr double kMaxDuration = 600;  // seconds
constexpr double kMinRate = 3000;     // Hz
constexpr double kMaxRate = 384000;   // Hz
constexpr double kMaxNote = 1200;     // semitones either way: no frequency gets out of double's range
constexpr double kMaxSamplesNeeded = 1 << 28;  // of signals, curves and delays together: 1 GiB
constexpr std::uint32_t kNoiseSeed = 20240229;

bool is_within(double value, double min, double max) {
    return value >= min && value <= max;
}  // false for NaN

Result<void> check(const RenderRequest& request, const Quirks& quirks) {
    if (request.anti_aliasing && quirks.anti_aliasing_unreliable)
        return refused("anti-aliasing is not supported");
    if (!is_within(request.sample_rate, kMinRate, kMaxRate))
        return refused(
            fmt::format("sample rate {} is not from {} to {} Hz", request.sample_rate, kMinRate, kMaxRate));
    if (!is_within(request.duration, 0, kMaxDuration))
        return refused(
            fmt::format("duration {} is not from 0 to {} seconds", request.duration, kMaxDuration));
    if (!is_within(request.note_delta, -kMaxNote, kMaxNote))
        return refused(
            fmt::format("note delta {} is not from -{} to {}", request.note_delta, kMaxNote, kMaxNote));
    const auto ratio = request.note_ratio.value_or(std::pair(1.0, 1.0));
    if (!std::isfinite(ratio.first) || !std::isfinite(ratio.second) || !std::isfinite(request.velocity))
        return refused("note ratio and velocity must be finite numbers");
    return {};
}

Result<void> check_length(const RenderRequest& request) {
    const std::size_t samples = sound_samples(request);
    if (samples < 2) return refused(fmt::format("{} seconds are less than two samples", request.duration));
    if (!request.part) return {};
    const auto [offset, count] = *request.part;
    if (count < 2) return refused(fmt::format("{} samples are too few, it needs two", count));
    if (offset > samples || count > samples - offset)
        return refused(fmt::format("{} samples from the {}th on are not within {}", count, offset, samples));
    return {};
}

// What has no effect on the sound is not worth evaluating.
void drop_unused(std::vector<NetworkOutput>& outputs, const std::vector<PlanNode>& plan) {
    std::unordered_map<std::string_view, NodeKind> kinds;
    for (const PlanNode& node : plan) kinds.emplace(node.id, node.kind);
    for (NetworkOutput& output : outputs)
        std::erase_if(output.connections, [&](const NetworkOutput::Connection& connection) {
            const auto kind = kinds.find(connection.target);
            return connection.parameter.empty() || kind == kinds.end() ||
                   kind->second == NodeKind::FeedbackDelay;
        });
    std::erase_if(outputs, [](const NetworkOutput& output) { return output.connections.empty(); });
}

// Signals, their curves, and what the nodes have to remember, in samples.
double samples_needed(const std::vector<NetworkOutput>& outputs, const std::vector<PlanNode>& plan,
                      const RenderRequest& request, const Quirks& quirks) {
    constexpr double kSurround = 6;  // channels that a delay may have to remember
    const auto samples = static_cast<double>(sound_samples(request));
    const auto delay = static_cast<double>(delay_memory(request.sample_rate, sound_samples(request), quirks));
    double needed = samples * static_cast<double>(request.channels);
    std::unordered_set<std::string_view> wavetables;
    for (const PlanNode& node : plan)
        if (node.kind == NodeKind::Wavetable) wavetables.insert(node.id);
    for (const NetworkOutput& output : outputs) {
        // Each of a wavetable's waves has a curve for its gain.
        for (const NetworkOutput::Connection& connection : output.connections)
            if (wavetables.contains(connection.target)) needed += samples;
        needed += samples * static_cast<double>(output.connections.size() + (request.anti_aliasing ? 2 : 1));
    }
    for (const PlanNode& node : plan) {
        if (node.kind == NodeKind::Delay || node.kind == NodeKind::FeedbackDelay) needed += kSurround * delay;
        if (node.kind == NodeKind::Convolver) needed += convolver_memory(sound_samples(request));
    }
    return needed;
}

}  // namespace

Result<RenderedSound> Renderer::render(const Json& json, const RenderRequest& request,
                                       const CancelFlag& cancelled) {
    // A request that cannot be done is named before its genome's faults, and costs no parsing.
    if (auto checked = check(request, quirks_); !checked) return checked.error();
    if (auto checked = check_length(request); !checked) return checked.error();
    const auto genome = parse_genome(json);
    if (!genome) return genome.error();
    return render_decoded(*genome, request, cancelled);
}

Result<RenderedSound> Renderer::render_decoded(const Genome& genome, const RenderRequest& request,
                                               const CancelFlag& cancelled) {
    if (auto checked = check(request, quirks_); !checked) return checked.error();
    if (auto checked = check_length(request); !checked) return checked.error();

    const Pitch pitch{request.note_delta, request.note_ratio, request.use_overtone_inharmonicity_factors,
                      request.frequency_updates_apply_to_all};
    auto outputs = network_outputs(genome.patch, pitch);
    if (!outputs) return std::move(outputs).error();
    const auto plan = plan_audio(genome.patch, *outputs);
    if (!plan) return plan.error();
    drop_unused(*outputs, *plan);
    const std::size_t samples = sound_samples(request);
    if (const double needed = samples_needed(*outputs, *plan, request, quirks_); needed > kMaxSamplesNeeded)
        return refused(fmt::format("it needs {:.0f} samples of memory, at most {:.0f} are allowed", needed,
                                   kMaxSamplesNeeded));

    // Each of these steps may take a while by itself.
    const Error gone{ErrorCode::Unavailable, "cannot render 'genome': cancelled"};
    if (cancelled) return gone;
    SeededNoise seeded(kNoiseSeed);
    SignalMaker maker(evaluator_, noise_ != nullptr ? *noise_ : seeded, genome.network, request, quirks_,
                      cancelled, threads_);
    const auto signals = maker.make(*outputs);
    if (!signals) return signals.error();

    if (cancelled) return gone;
    const double part = static_cast<double>(signal_samples(request)) / static_cast<double>(samples);
    const GraphOptions options{
        request.sample_rate, part * request.duration, samples, pitch, request.channels, quirks_};
    auto graph = build_graph({*plan, *outputs, *signals}, options);
    if (!graph) return std::move(graph).error();
    auto channels = graph->render(samples, cancelled);
    if (!channels) return std::move(channels).error();
    if (cancelled) return gone;
    if (request.output == OutputStage::Summed)
        return RenderedSound{summed_output(*channels), request.sample_rate};
    if (request.output == OutputStage::FirstChannel) normalise(channels->front());
    return RenderedSound{std::move(channels->front()), request.sample_rate};
}

}  // namespace kpm::render
