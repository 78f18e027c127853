#include "render-worker/renderer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "render-worker/dsp/output_stage.h"
#include "render-worker/genome/audio_plan.h"
#include "render-worker/genome/genome.h"
#include "render-worker/graph/graph_builder.h"

namespace kpm::render {
namespace {

constexpr double kMaxDuration = 600;  // seconds
constexpr double kMinRate = 3000;     // Hz
constexpr double kMaxRate = 384000;   // Hz
constexpr double kMaxNote = 1200;     // semitones either way: no frequency gets out of double's range
constexpr std::size_t kMaxCurveSamples = 1 << 28;  // of all signals and curves together: 1 GiB
constexpr std::uint32_t kNoiseSeed = 20240229;

Error refused(std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot render genome: {}", reason)};
}

bool is_within(double value, double min, double max) {
    return value >= min && value <= max;
}  // false for NaN

Result<void> check(const RenderRequest& request) {
    if (request.anti_aliasing) return refused("anti-aliasing is not supported");
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

// Half up, as JavaScript rounds.
std::size_t sample_count(const RenderRequest& request) {
    return static_cast<std::size_t>(std::floor(request.sample_rate * request.duration + 0.5));
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

std::size_t curve_count(const std::vector<NetworkOutput>& outputs) {
    std::size_t count = 0;
    for (const NetworkOutput& output : outputs) count += 1 + output.connections.size();
    return count;
}

// Evaluates every network once per frequency, for all the outputs wanted there.
class SignalMaker {
public:
    SignalMaker(CppnEvaluator& evaluator, NoiseSource& noise, const WaveNetwork& network,
                const RenderRequest& request, const CancelFlag& cancelled)
        : evaluator_(evaluator), noise_(noise), network_(network), request_(request), cancelled_(cancelled) {}

    // One signal per output.
    Result<std::vector<Curve>> make(const std::vector<NetworkOutput>& outputs) {
        std::vector<Curve> signals(outputs.size());
        std::map<std::pair<const CppnProgram*, double>, std::vector<std::size_t>> groups;
        for (std::size_t i = 0; i < outputs.size(); ++i) {
            if (outputs[i].kind != SignalKind::Network) {
                auto noise = noise_.make(outputs[i].kind, sample_count(request_));
                signals[i] = std::make_shared<const std::vector<float>>(std::move(noise));
                continue;
            }
            if (network_.empty()) return refused("it has no waveNetwork, but its patch uses one");
            if (!std::isfinite(outputs[i].frequency))
                return refused("a transposed frequency is out of range");
            groups[{&network_.for_frequency(outputs[i].base_frequency), outputs[i].frequency}].push_back(i);
        }
        for (const auto& [key, members] : groups)
            if (auto done = evaluate(*key.first, key.second, members, outputs, signals); !done)
                return done.error();
        return signals;
    }

private:
    Result<void> evaluate(const CppnProgram& program, double frequency,
                          const std::vector<std::size_t>& members, const std::vector<NetworkOutput>& outputs,
                          std::vector<Curve>& signals) {
        std::vector<std::uint32_t> wanted;
        for (std::size_t member : members) wanted.push_back(outputs[member].index);
        std::sort(wanted.begin(), wanted.end());
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        if (wanted.back() >= program.output_slots.size())
            return refused(fmt::format("its patch uses output {} of a network with {} outputs", wanted.back(),
                                       program.output_slots.size()));

        SignalSpec spec;
        spec.frequency = frequency;
        spec.sample_rate = request_.sample_rate;
        spec.sample_count = spec.total = sample_count(request_);
        spec.velocity = request_.velocity;
        auto evaluated = evaluator_.evaluate(program, wanted, spec, cancelled_);
        if (!evaluated) return std::move(evaluated).error();

        std::vector<Curve> curves;
        for (auto& samples : *evaluated) {
            if (request_.reverse) std::reverse(samples.begin(), samples.end());
            curves.push_back(std::make_shared<const std::vector<float>>(std::move(samples)));
        }
        for (std::size_t member : members) {
            const auto place = std::lower_bound(wanted.begin(), wanted.end(), outputs[member].index);
            signals[member] = curves[static_cast<std::size_t>(place - wanted.begin())];
        }
        return {};
    }

    CppnEvaluator& evaluator_;
    NoiseSource& noise_;
    const WaveNetwork& network_;
    const RenderRequest& request_;
    const CancelFlag& cancelled_;
};

}  // namespace

Result<RenderedSound> Renderer::render(const Json& json, const RenderRequest& request,
                                       const CancelFlag& cancelled) {
    if (auto checked = check(request); !checked) return checked.error();
    const std::size_t samples = sample_count(request);
    if (samples < 2) return refused(fmt::format("{} seconds are less than two samples", request.duration));

    const auto genome = parse_genome(json);
    if (!genome) return genome.error();
    const Pitch pitch{request.note_delta, request.note_ratio, request.use_overtone_inharmonicity_factors,
                      request.frequency_updates_apply_to_all};
    auto outputs = network_outputs(genome->patch, pitch);
    if (!outputs) return std::move(outputs).error();
    const auto plan = plan_audio(genome->patch, *outputs);
    if (!plan) return plan.error();
    if (auto supported = check_supported(*plan); !supported) return supported.error();
    drop_unused(*outputs, *plan);
    if (curve_count(*outputs) > kMaxCurveSamples / samples)
        return refused(fmt::format("{} signals of {} samples are too much", curve_count(*outputs), samples));

    SeededNoise seeded(kNoiseSeed);
    SignalMaker maker(evaluator_, noise_ != nullptr ? *noise_ : seeded, genome->network, request, cancelled);
    const auto signals = maker.make(*outputs);
    if (!signals) return signals.error();

    const GraphOptions options{request.sample_rate, request.duration, pitch, 2, quirks_};
    auto graph = build_graph({*plan, *outputs, *signals}, options);
    if (!graph) return std::move(graph).error();
    auto channels = graph->render(samples, cancelled);
    if (!channels) return std::move(channels).error();
    normalise(channels->front());
    return RenderedSound{std::move(channels->front()), request.sample_rate};
}

}  // namespace kpm::render
