#include "render-worker/graph/audio_graph.h"

#include <algorithm>

namespace kpm::render {
namespace {

class Destination : public AudioNode {
public:
    explicit Destination(std::size_t channels)
        : AudioNode({ChannelRule::Count::Explicit, channels, false}, 1) {}
    void process(const BlockTime&) override { output().assign(inputs()[0]); }
};

constexpr std::size_t kStepsToAsk = 1u << 16;

// The depth-first search of the order, with an own stack because genomes may chain thousands of nodes.
template <class TargetsOf, class BreaksCycles>
class Ordering {
public:
    Ordering(std::size_t count, TargetsOf targets_of, BreaksCycles breaks_cycles, const CancelFlag& cancelled)
        : targets_of_(targets_of),
          breaks_cycles_(breaks_cycles),
          cancelled_(cancelled),
          seen_(count, false),
          on_path_(count, false),
          on_cycle_(count, false) {}

    // False when a cycle can be cut behind breaker(): then it has to be, and a new ordering made; or, without
    // a breaker(), when it was called off.
    bool run() {
        for (std::size_t node = 0; node < seen_.size() && !is_over(); ++node)
            if (!seen_[node]) visit(node);
        if (is_over()) return false;
        std::erase_if(left_, [this](std::size_t node) { return on_cycle_[node]; });
        std::reverse(left_.begin(), left_.end());
        return true;
    }
    std::vector<std::size_t> take_order() { return std::move(left_); }
    std::optional<std::size_t> breaker() const { return breaker_; }

private:
    struct Frame {
        std::size_t node = 0;
        std::size_t next = 0;
    };

    bool is_over() const { return breaker_ || is_called_off_; }

    // Each new ordering and each cycle may look at all nodes: of a hostile genome that is a lot.
    void count_steps(std::size_t steps) {
        steps_ += steps;
        if (steps_ < kStepsToAsk) return;
        steps_ = 0;
        is_called_off_ = cancelled_;
    }

    void visit(std::size_t root) {
        enter(root);
        while (!path_.empty() && !is_over()) {
            count_steps(1);
            Frame& frame = path_.back();
            const auto& targets = targets_of_(frame.node);
            if (frame.next == targets.size()) {
                left_.push_back(frame.node);
                on_path_[frame.node] = false;
                path_.pop_back();
                continue;
            }
            const std::size_t target = targets[frame.next++].to;
            if (on_path_[target])
                close_cycle(target);
            else if (!seen_[target])
                enter(target);
        }
    }

    void enter(std::size_t node) {
        seen_[node] = true;
        on_path_[node] = true;
        path_.push_back({node, 0});
    }

    void close_cycle(std::size_t start) {
        count_steps(path_.size());
        const auto first =
            std::find_if(path_.begin(), path_.end(), [&](const Frame& f) { return f.node == start; });
        const auto breaker =
            std::find_if(first, path_.end(), [this](const Frame& f) { return breaks_cycles_(f.node); });
        if (breaker != path_.end()) {
            breaker_ = breaker->node;
            return;
        }
        for (auto frame = first; frame != path_.end(); ++frame) on_cycle_[frame->node] = true;
    }

    TargetsOf targets_of_;
    BreaksCycles breaks_cycles_;
    const CancelFlag& cancelled_;
    std::size_t steps_ = 0;  // since it was asked
    bool is_called_off_ = false;
    std::optional<std::size_t> breaker_;
    std::vector<bool> seen_, on_path_, on_cycle_;
    std::vector<Frame> path_;
    std::vector<std::size_t> left_;
};

}  // namespace

AudioGraph::AudioGraph(double sample_rate, std::size_t destination_channels)
    : sample_rate_(sample_rate), destination_channels_(destination_channels) {
    add(std::make_unique<Destination>(destination_channels));
}

AudioGraph::Index AudioGraph::add(std::unique_ptr<AudioNode> node) {
    vertices_.push_back({std::move(node), {}});
    return vertices_.size() - 1;
}

void AudioGraph::connect(Index from, Index to) {
    vertices_[from].edges.push_back({to, nullptr, true});
}

void AudioGraph::connect_param(Index from, Index to, AudioParam& param) {
    vertices_[from].edges.push_back({to, &param, true});
}

void AudioGraph::order(Index from, Index to) {
    vertices_[from].edges.push_back({to, nullptr, false});
}

std::optional<std::vector<AudioGraph::Index>> AudioGraph::processing_order(const CancelFlag& cancelled) {
    const auto targets_of = [this](Index index) -> const std::vector<Edge>& {
        return vertices_[index].edges;
    };
    const auto breaks_cycles = [this](Index index) { return vertices_[index].node->breaks_cycles(); };
    for (;;) {
        Ordering ordering(vertices_.size(), targets_of, breaks_cycles, cancelled);
        if (ordering.run()) return ordering.take_order();
        if (!ordering.breaker() || cancelled) return std::nullopt;
        vertices_[*ordering.breaker()].edges.clear();
    }
}

void AudioGraph::process(Index index, const BlockTime& time) {
    AudioNode& node = *vertices_[index].node;
    node.process(time);
    for (Quantum& input : node.inputs()) input.make_silent();
    for (const Edge& edge : vertices_[index].edges) {
        if (!edge.carries || !runs_[edge.to]) continue;
        if (edge.param != nullptr) {
            kpm::render::add(edge.param->input(), node.output(), edge.param->input_rule());
            continue;
        }
        AudioNode& target = *vertices_[edge.to].node;
        kpm::render::add(target.inputs()[0], node.output(), target.input_rule());
    }
}

Result<std::vector<std::vector<float>>> AudioGraph::render(std::size_t frames, const CancelFlag& cancelled) {
    const Error called_off{ErrorCode::Unavailable, "cannot render 'genome': cancelled"};
    const auto ordered = processing_order(cancelled);
    if (!ordered) return called_off;
    const std::vector<Index>& order = *ordered;
    runs_.assign(vertices_.size(), false);
    for (Index index : order) runs_[index] = true;
    std::vector<std::vector<float>> channels(destination_channels_, std::vector<float>(frames, 0));
    for (std::size_t frame = 0; frame < frames; frame += kQuantum) {
        if (cancelled) return called_off;
        for (Index index : order) process(index, {frame, sample_rate_});
        const Quantum& out = node(kDestination).output();
        if (out.silent) continue;
        const std::size_t count = std::min(kQuantum, frames - frame);
        for (std::size_t c = 0; c < destination_channels_; ++c)
            std::copy_n(out.samples[c].begin(), count,
                        channels[c].begin() + static_cast<std::ptrdiff_t>(frame));
    }
    return channels;
}

}  // namespace kpm::render
