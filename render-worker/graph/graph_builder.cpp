#include "render-worker/graph/graph_builder.h"

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>

#include "render-worker/dsp/click_removal.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/graph/node_maker.h"

namespace kpm::render {
namespace {

class Builder {
public:
    Builder(const GraphInput& input, const GraphOptions& options)
        : input_(input),
          options_(options),
          graph_(options.sample_rate, options.channels),
          maker_(graph_, options) {}

    Result<AudioGraph> build() {
        for (const PlanNode& node : input_.plan) by_id_[node.id] = &node;
        for (std::size_t i = 0; i < input_.outputs.size(); ++i)
            for (const auto& connection : input_.outputs[i].connections)
                feeds_[connection.target].push_back({&connection, input_.signals[i]});
        if (!options_.quirks.edges_click) add_fade();
        for (const PlanNode& node : input_.plan) {
            auto made = maker_.make(node, feeds_[node.id], sounds(node));
            if (!made) return std::move(made).error();
            if (*made) ends_[node.id] = **made;
        }
        for (const PlanNode& node : input_.plan)
            for (const PlanEdge& edge : node.edges)
                if (auto connected = connect(node, edge); !connected) return connected.error();
        return std::move(graph_);
    }

private:
    void add_fade() {
        auto gain = std::make_unique<Gain>(options_.quirks);
        remove_clicks(gain->gain(), static_cast<double>(options_.frames) / options_.sample_rate);
        output_ = graph_.add(std::move(gain));
        graph_.connect(output_, AudioGraph::kDestination);
    }

    // Nodes that take no audio: what is connected to them goes nowhere, as in the reference.
    bool is_deaf(NodeKind kind) const {
        return kind == NodeKind::Wavetable || kind == NodeKind::Additive ||
               (kind == NodeKind::FeedbackDelay && options_.quirks.feedback_delay_silent);
    }

    Result<void> connect(const PlanNode& node, const PlanEdge& edge) {
        const auto from = ends_.find(node.id);
        if (from == ends_.end()) return {};
        if (edge.to_destination) {
            graph_.connect(from->second.output, output_);
            return {};
        }
        const PlanNode& target = *by_id_.at(edge.target);
        if (is_deaf(target.kind)) return {};
        const NodeEnds to = ends_.at(edge.target);
        if (edge.parameter.empty()) {
            if (graph_.node(to.input).inputs().empty()) return node_error(target, "no input");
            graph_.connect(from->second.output, to.input);
            return {};
        }
        AudioParam* param = graph_.node(to.output).param(edge.parameter);
        if (param == nullptr) return no_parameter(target, edge.parameter);
        graph_.connect_param(from->second.output, to.output, *param);
        return {};
    }

    // Heard itself, not only as the modulation of a parameter.
    bool sounds(const PlanNode& node) const {
        return std::any_of(node.edges.begin(), node.edges.end(), [this](const PlanEdge& edge) {
            if (edge.to_destination) return true;
            const auto& next = by_id_.at(edge.target)->edges;
            return std::any_of(next.begin(), next.end(),
                               [](const PlanEdge& e) { return e.parameter.empty(); });
        });
    }

    const GraphInput& input_;
    const GraphOptions& options_;
    AudioGraph graph_;
    NodeMaker maker_;
    AudioGraph::Index output_ = AudioGraph::kDestination;
    std::unordered_map<std::string, const PlanNode*> by_id_;
    std::unordered_map<std::string, Feeds> feeds_;
    std::unordered_map<std::string, NodeEnds> ends_;
};

}  // namespace

Result<AudioGraph> build_graph(const GraphInput& input, const GraphOptions& options) {
    return Builder(input, options).build();
}

}  // namespace kpm::render
