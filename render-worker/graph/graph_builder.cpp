#include "render-worker/graph/graph_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <memory>
#include <unordered_map>

#include "render-worker/dsp/additive.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/dsp/oscillator.h"
#include "render-worker/dsp/wavetable.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {

Error graph_error(const PlanNode& node, std::string_view reason) {
    const std::string_view name =
        node.patch_node != nullptr ? std::string_view(node.patch_node->name) : "weight";
    return {ErrorCode::Invalid,
            fmt::format("cannot render genome: node {} ({}) {}", in_quotes(node.id), name, reason)};
}

// Nodes that take no audio: what is connected to them goes nowhere, as in the reference.
bool is_deaf(NodeKind kind) {
    return kind == NodeKind::Wavetable || kind == NodeKind::Additive || kind == NodeKind::FeedbackDelay;
}

class Builder {
public:
    Builder(const GraphInput& input, const GraphOptions& options)
        : input_(input), options_(options), graph_(options.sample_rate, options.channels) {}

    Result<AudioGraph> build() {
        for (const PlanNode& node : input_.plan) by_id_[node.id] = &node;
        for (std::size_t i = 0; i < input_.outputs.size(); ++i)
            for (const auto& connection : input_.outputs[i].connections)
                fed_[connection.target].push_back({&connection, input_.signals[i]});
        for (const PlanNode& node : input_.plan)
            if (auto added = add_node(node); !added) return added.error();
        for (const PlanNode& node : input_.plan)
            for (const PlanEdge& edge : node.edges)
                if (auto connected = connect(node, edge); !connected) return connected.error();
        return std::move(graph_);
    }

private:
    struct Feed {
        const NetworkOutput::Connection* connection = nullptr;
        Curve signal;
    };

    Result<void> add_node(const PlanNode& node) {
        switch (node.kind) {
            case NodeKind::Gain:
                return add_gain(node);
            case NodeKind::Oscillator:
                return add_oscillator(node);
            case NodeKind::BufferSource:
                return add_buffer_source(node);
            case NodeKind::Wavetable:
                return add_wavetable_node(node);
            case NodeKind::Additive:
                return add_additive_node(node);
            // Nothing enters it in the reference, so it is silent: no part of the graph.
            case NodeKind::FeedbackDelay:
                return {};
            case NodeKind::Biquad:
            case NodeKind::Delay:
            case NodeKind::Compressor:
            case NodeKind::Convolver:
            case NodeKind::WaveShaper:
                break;
        }
        assert(!"check_supported was not asked");
        return {};
    }

    Result<void> add_gain(const PlanNode& node) {
        auto gain = std::make_unique<Gain>(options_.quirks);
        const double value = node.patch_node != nullptr ? node.patch_node->number_or("gain", 1) : node.weight;
        gain->gain().set(static_cast<float>(value));
        return add_with_params(node, std::move(gain));
    }

    Result<void> add_oscillator(const PlanNode& node) {
        const std::string type = node.patch_node->type.value_or("");
        const auto form = type.empty() ? WaveForm::Sine : wave_form_named(type);
        if (!form) return graph_error(node, fmt::format("has the unknown wave form {}", in_quotes(type)));
        auto oscillator = std::make_unique<Oscillator>(*form, options_.sample_rate, options_.quirks);
        const double frequency = node.oscillator_frequency();
        const bool follows = sounds(node) && !is_fed(node, "frequency");
        oscillator->frequency().set(
            static_cast<float>(follows ? options_.pitch.transposed(frequency) : frequency));
        oscillator->detune().set(static_cast<float>(node.patch_node->number_or("detune", 0)));
        return add_with_params(node, std::move(oscillator));
    }

    Result<void> add_buffer_source(const PlanNode& node) {
        Curve buffer;
        for (const Feed& feed : feeds(node)) {
            if (feed.connection->parameter == "buffer")
                buffer = curve(feed);
            else if (!feed.connection->parameter.empty())
                return no_parameter(node, feed.connection->parameter);
        }
        vertices_[node.id] = graph_.add(std::make_unique<BufferSource>(buffer));
        return {};
    }

    Result<void> add_wavetable_node(const PlanNode& node) {
        std::vector<Curve> waves;
        Curve mix;
        for (const Feed& feed : feeds(node)) {
            if (feed.connection->parameter == "buffer")
                waves.push_back(curve(feed));
            else if (feed.connection->parameter == "mix" && mix == nullptr)
                mix = curve(feed);
        }
        vertices_[node.id] = add_wavetable(graph_, waves, mix, options_.duration, options_.quirks);
        return {};
    }

    // Buffers and envelopes are kept by partial number, in the order of first appearance; the j-th buffer
    // goes with the j-th envelope. The weights count connections, not numbers, and the first partial has
    // none.
    Result<void> add_additive_node(const PlanNode& node) {
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
        for (const Feed& feed : feeds(node)) {
            const double number = feed.connection->partial_number;
            if (feed.connection->parameter == "partialBuffer") keep(buffers, number, curve(feed));
            if (feed.connection->parameter != "partialGainEnvelope") continue;
            keep(envelopes, number, curve(feed));
            weights.push_back(feed.connection->weight);
        }
        if (envelopes.size() < buffers.size())
            return graph_error(
                node, fmt::format("has {} partials but only {} envelopes", buffers.size(), envelopes.size()));
        std::vector<Partial> partials;
        for (std::size_t j = 0; j < buffers.size(); ++j)
            partials.push_back({buffers[j].second, envelopes[j].second, j == 0 ? 1.0 : weights[j]});
        vertices_[node.id] = add_additive(graph_, partials, options_.duration, options_.quirks);
        return {};
    }

    Result<void> add_with_params(const PlanNode& node, std::unique_ptr<AudioNode> audio_node) {
        for (const Feed& feed : feeds(node)) {
            const std::string& name = feed.connection->parameter;
            if (name.empty()) continue;
            AudioParam* param = audio_node->param(name);
            if (param == nullptr) return no_parameter(node, name);
            param->set_curve(curve(feed), options_.duration);
        }
        vertices_[node.id] = graph_.add(std::move(audio_node));
        return {};
    }

    Result<void> connect(const PlanNode& node, const PlanEdge& edge) {
        const auto from = vertices_.find(node.id);
        if (from == vertices_.end()) return {};
        if (edge.to_destination) {
            graph_.connect(from->second, AudioGraph::kDestination);
            return {};
        }
        const PlanNode& target = *by_id_.at(edge.target);
        if (is_deaf(target.kind)) return {};
        const auto to = vertices_.at(edge.target);
        AudioNode& audio_node = graph_.node(to);
        if (edge.parameter.empty()) {
            if (audio_node.inputs().empty()) return graph_error(target, "has no input");
            graph_.connect(from->second, to);
            return {};
        }
        AudioParam* param = audio_node.param(edge.parameter);
        if (param == nullptr) return no_parameter(target, edge.parameter);
        graph_.connect_param(from->second, to, *param);
        return {};
    }

    static Error no_parameter(const PlanNode& node, std::string_view name) {
        return graph_error(node, fmt::format("has no parameter {}", in_quotes(name)));
    }

    const std::vector<Feed>& feeds(const PlanNode& node) { return fed_[node.id]; }

    bool is_fed(const PlanNode& node, std::string_view parameter) {
        const auto& all = feeds(node);
        return std::any_of(all.begin(), all.end(),
                           [&](const Feed& feed) { return feed.connection->parameter == parameter; });
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

    static Curve curve(const Feed& feed) {
        if (!feed.connection->range) return feed.signal;
        const auto [low, high] = *feed.connection->range;
        auto scaled = std::make_shared<std::vector<float>>(feed.signal->size());
        std::transform(feed.signal->begin(), feed.signal->end(), scaled->begin(), [low, high](float s) {
            return static_cast<float>((double{s} + 1.0) / 2.0 * (high - low) + low);
        });
        return scaled;
    }

    const GraphInput& input_;
    const GraphOptions& options_;
    AudioGraph graph_;
    std::unordered_map<std::string, const PlanNode*> by_id_;
    std::unordered_map<std::string, std::vector<Feed>> fed_;
    std::unordered_map<std::string, AudioGraph::Index> vertices_;
};

}  // namespace

Result<void> check_supported(const std::vector<PlanNode>& plan) {
    for (const PlanNode& node : plan) {
        switch (node.kind) {
            case NodeKind::Gain:
            case NodeKind::Oscillator:
            case NodeKind::BufferSource:
            case NodeKind::Wavetable:
            case NodeKind::Additive:
            case NodeKind::FeedbackDelay:
                continue;
            case NodeKind::Biquad:
            case NodeKind::Delay:
            case NodeKind::Compressor:
            case NodeKind::Convolver:
            case NodeKind::WaveShaper:
                break;
        }
        return Error{ErrorCode::Invalid, fmt::format("cannot render genome: node type '{}' is not supported",
                                                     type_of(node.kind).patch_name)};
    }
    return {};
}

Result<AudioGraph> build_graph(const GraphInput& input, const GraphOptions& options) {
    return Builder(input, options).build();
}

}  // namespace kpm::render
