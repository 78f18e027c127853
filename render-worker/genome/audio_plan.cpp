#include "render-worker/genome/audio_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {

constexpr std::array<NodeType, 11> kNodeTypes = {{
    {NodeKind::Gain, "GainNode", "gain"},
    {NodeKind::Biquad, "FilterNode", "biquadFilter"},
    {NodeKind::Delay, "DelayNode", "delay"},
    {NodeKind::Compressor, "CompressorNode", "dynamicsCompressor"},
    {NodeKind::Convolver, "ConvolverNode", "convolver"},
    {NodeKind::WaveShaper, "WaveShaperNode", "waveShaper"},
    {NodeKind::BufferSource, "AudioBufferSourceNode", "bufferSource"},
    {NodeKind::Wavetable, "WavetableNode", "wavetable"},
    {NodeKind::Additive, "AdditiveNode", "additive"},
    {NodeKind::FeedbackDelay, "FeedbackDelayNode", "feedbackDelay"},
    {NodeKind::Oscillator, "OscillatorNode", "oscillator"},
}};
constexpr std::string_view kNoteOscillator = "NoteOscillatorNode";
constexpr int kMaxCleanings = 10;

std::optional<NodeKind> kind_named(std::string_view name) {
    if (name == kNoteOscillator) return NodeKind::Oscillator;
    for (const NodeType& type : kNodeTypes)
        if (type.patch_name == name) return type.kind;
    return std::nullopt;
}

bool has_data(const PlanNode& node, const std::vector<NetworkOutput>& outputs) {
    const auto fed = [&](std::string_view parameter) {
        return std::any_of(outputs.begin(), outputs.end(), [&](const NetworkOutput& output) {
            return std::any_of(output.connections.begin(), output.connections.end(), [&](const auto& c) {
                return c.target == node.id && c.parameter == parameter;
            });
        });
    };
    if (node.kind == NodeKind::Wavetable) return fed("buffer") && fed("mix");
    if (node.kind == NodeKind::Additive) return fed("partialBuffer") && fed("partialGainEnvelope");
    return true;
}

class Planner {
public:
    explicit Planner(const Patch& patch) : patch_(patch) {}

    Result<void> add_nodes(const std::vector<NetworkOutput>& outputs) {
        for (const PatchNode& patch_node : patch_.nodes) {
            if (patch_node.name == "OutNode" || is_network_output(patch_node)) continue;
            const auto kind = kind_named(patch_node.name);
            if (!kind)
                return Error{ErrorCode::Invalid, fmt::format("cannot render genome: node type {} is not supported",
                                                             in_quotes(patch_node.name))};
            PlanNode node{patch_node.id, *kind, &patch_node, 1, {}};
            if (has_data(node, outputs)) nodes_.push_back(std::move(node));
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].id] = i;
        return {};
    }

    void add_connections() {
        std::unordered_set<std::string> signal_nodes;
        for (const PatchNode& node : patch_.nodes)
            if (is_network_output(node)) signal_nodes.insert(node.id);
        for (const PatchConnection& c : patch_.connections) {
            if (signal_nodes.contains(c.source)) continue;
            if (c.to_destination) {
                add_edge(c.source, {true, "", ""});
                continue;
            }
            const std::string suffix = c.parameter.empty() ? "" : "-" + c.parameter;
            std::string key = fmt::format("{}_{}{}-weight", c.source, c.target, suffix);
            add_edge(c.source, {false, key, ""});
            if (!index_.contains(key)) {
                index_[key] = nodes_.size();
                nodes_.push_back({key, NodeKind::Gain, nullptr, c.weight, {}});
            }
            add_edge(key, {false, c.target, c.parameter});
        }
    }

    std::vector<PlanNode> cleaned() {
        for (int round = 0; round < kMaxCleanings; ++round) {
            const bool edges_dropped = drop_edges();
            const bool weights_dropped = drop_weights();
            if (!edges_dropped && !weights_dropped) break;
        }
        return std::move(nodes_);
    }

private:
    void add_edge(const std::string& source, PlanEdge edge) {
        const auto it = index_.find(source);
        if (it == index_.end()) return;
        auto& edges = nodes_[it->second].edges;
        if (std::find(edges.begin(), edges.end(), edge) == edges.end()) edges.push_back(std::move(edge));
    }

    bool is_dead(const PlanEdge& edge) const {
        if (edge.to_destination) return false;
        return !index_.contains(edge.target) || edge.parameter == "partialBuffer" ||
               edge.parameter == "partialGainEnvelope";
    }

    bool drop_edges() {
        std::size_t dropped = 0;
        for (PlanNode& node : nodes_)
            dropped += std::erase_if(node.edges, [this](const PlanEdge& edge) { return is_dead(edge); });
        return dropped > 0;
    }

    bool drop_weights() {
        const std::size_t dropped = std::erase_if(nodes_, [this](const PlanNode& node) {
            if (node.patch_node != nullptr) return false;
            return node.edges.empty() || !index_.contains(node.id.substr(0, node.id.find('_')));
        });
        index_.clear();
        for (std::size_t i = 0; i < nodes_.size(); ++i) index_[nodes_[i].id] = i;
        return dropped > 0;
    }

    const Patch& patch_;
    std::vector<PlanNode> nodes_;
    std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace

const NodeType& type_of(NodeKind kind) { return kNodeTypes[static_cast<std::size_t>(kind)]; }

double PlanNode::oscillator_frequency() const {
    if (patch_node->name != kNoteOscillator) return patch_node->number_or("frequency", 440);
    const double offset = patch_node->number("noteOffset").value_or(0);
    return offset != 0 ? note_frequency(offset) : 440;
}

Result<std::vector<PlanNode>> plan_audio(const Patch& patch, const std::vector<NetworkOutput>& outputs) {
    Planner planner(patch);
    if (auto added = planner.add_nodes(outputs); !added) return added.error();
    planner.add_connections();
    return planner.cleaned();
}

}  // namespace kpm::render
