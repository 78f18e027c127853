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

using Index = std::unordered_map<std::string, std::size_t>;

Index index_of(const std::vector<PlanNode>& nodes) {
    Index index;
    for (std::size_t i = 0; i < nodes.size(); ++i) index[nodes[i].id] = i;
    return index;
}

class Decoder {
public:
    explicit Decoder(const Patch& patch) : patch_(patch) {}

    Result<std::vector<PlanNode>> decode() {
        for (const PatchNode& patch_node : patch_.nodes) {
            if (patch_node.name == "OutNode") continue;
            if (is_network_output(patch_node)) {
                signal_nodes_.insert(patch_node.id);
                continue;
            }
            const auto kind = kind_named(patch_node.name);
            if (!kind)
                return Error{ErrorCode::Invalid,
                             fmt::format("cannot render {}: this node type is not supported",
                                         in_quotes(patch_node.name))};
            nodes_.push_back({patch_node.id, *kind, &patch_node, 1, {}});
        }
        index_ = index_of(nodes_);
        for (const PatchConnection& connection : patch_.connections)
            if (!signal_nodes_.contains(connection.source)) add(connection);
        return std::move(nodes_);
    }

private:
    void add(const PatchConnection& c) {
        if (c.to_destination) return add_edge(c.source, {true, "", ""});
        const std::string suffix = c.parameter.empty() ? "" : "-" + c.parameter;
        const std::string weight = fmt::format("{}_{}{}-weight", c.source, c.target, suffix);
        add_edge(c.source, {false, weight, ""});
        if (index_.emplace(weight, nodes_.size()).second)
            nodes_.push_back({weight, NodeKind::Gain, nullptr, c.weight, {}});
        add_edge(weight, {false, c.target, c.parameter});
    }

    void add_edge(const std::string& source, PlanEdge edge) {
        const auto it = index_.find(source);
        if (it == index_.end()) return;
        auto& edges = nodes_[it->second].edges;
        if (std::find(edges.begin(), edges.end(), edge) == edges.end()) edges.push_back(std::move(edge));
    }

    const Patch& patch_;
    std::vector<PlanNode> nodes_;
    std::unordered_set<std::string> signal_nodes_;
    Index index_;
};

bool is_dead(const PlanEdge& edge, const Index& index) {
    if (edge.to_destination) return false;
    return !index.contains(edge.target) || edge.parameter == "partialBuffer" ||
           edge.parameter == "partialGainEnvelope";
}

// One round; false when there was nothing to drop.
bool drop_dead(std::vector<PlanNode>& plan) {
    const Index index = index_of(plan);
    std::size_t dropped = 0;
    for (PlanNode& node : plan)
        dropped += std::erase_if(node.edges, [&](const PlanEdge& edge) { return is_dead(edge, index); });
    dropped += std::erase_if(plan, [&](const PlanNode& node) {
        if (node.patch_node != nullptr) return false;
        return node.edges.empty() || !index.contains(node.id.substr(0, node.id.find('_')));
    });
    return dropped > 0;
}

}  // namespace

const NodeType& type_of(NodeKind kind) {
    return kNodeTypes[static_cast<std::size_t>(kind)];
}

double PlanNode::oscillator_frequency() const {
    if (patch_node->name != kNoteOscillator) return patch_node->number_or("frequency", 440);
    const double offset = patch_node->number("noteOffset").value_or(0);
    return offset != 0 ? note_frequency(offset) : 440;
}

Result<std::vector<PlanNode>> decode_audio(const Patch& patch) {
    return Decoder(patch).decode();
}

std::vector<PlanNode> cleaned(std::vector<PlanNode> plan, const std::vector<NetworkOutput>& outputs) {
    std::erase_if(plan, [&](const PlanNode& node) { return !has_data(node, outputs); });
    for (int round = 0; round < kMaxCleanings && drop_dead(plan); ++round) {
    }
    // What more rounds would have found: no edge may lead nowhere.
    const Index index = index_of(plan);
    for (PlanNode& node : plan)
        std::erase_if(node.edges, [&](const PlanEdge& edge) { return is_dead(edge, index); });
    return plan;
}

Result<std::vector<PlanNode>> plan_audio(const Patch& patch, const std::vector<NetworkOutput>& outputs) {
    auto plan = decode_audio(patch);
    if (!plan) return std::move(plan).error();
    return cleaned(std::move(*plan), outputs);
}

}  // namespace kpm::render
