#pragma once
// Audio nodes, their connections, and the rendering of all of it in blocks of 128 frames into a destination
// of one or more channels. Used by one thread. The order of processing, which fixes the order of summation at
// the inputs, is the reference's: depth first over the nodes in the order of their making (the destination
// first) along the outgoing connections in their order; the reverse of the order in which nodes are left.
// A cycle is cut behind the first node on it that breaks cycles (the input end of a delay); the nodes of a
// cycle without one are muted.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class AudioGraph {
public:
    using Index = std::size_t;
    static constexpr Index kDestination = 0;

    AudioGraph(double sample_rate, std::size_t destination_channels);

    Index add(std::unique_ptr<AudioNode> node);
    AudioNode& node(Index index) { return *vertices_[index].node; }
    void connect(Index from, Index to);
    // `param` belongs to the node `to`.
    void connect_param(Index from, Index to, AudioParam& param);
    // Nothing flows, but `to` is processed after `from`; unless `from` breaks a cycle there. An edge as good
    // as any for finding cycles.
    void order(Index from, Index to);

    // The destination's channels, `frames` samples each. Errors: Unavailable (cancelled).
    Result<std::vector<std::vector<float>>> render(std::size_t frames, const CancelFlag& cancelled);

private:
    struct Edge {
        Index to = 0;
        AudioParam* param = nullptr;  // null: the node's input
        bool carries = true;          // false: order only
    };
    struct Vertex {
        std::unique_ptr<AudioNode> node;
        std::vector<Edge> edges;
    };

    // Cuts cycles. nullopt: cancelled.
    std::optional<std::vector<Index>> processing_order(const CancelFlag& cancelled);
    void process(Index index, const BlockTime& time);

    double sample_rate_;
    std::size_t destination_channels_;
    std::vector<Vertex> vertices_;
    std::vector<bool> runs_;  // false: muted, on a cycle
};

}  // namespace kpm::render
