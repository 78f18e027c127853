#pragma once
// The patch as an audio graph, before any sound: its audio nodes, the gain nodes that the connections'
// weights become, and the edges; cleaned of what leads nowhere. Pure. A connection to target 0 goes to the
// destination without its weight. Every other one goes through a gain node
// "<source>_<target>[-<parameter>]-weight"; these follow the patch's nodes in the order of the connections.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/genome/network_outputs.h"
#include "render-worker/genome/patch.h"

namespace kpm::render {

enum class NodeKind {
    Gain,
    Biquad,
    Delay,
    Compressor,
    Convolver,
    WaveShaper,
    BufferSource,
    Wavetable,
    Additive,
    FeedbackDelay,
    Oscillator,
};

struct NodeType {
    NodeKind kind;
    std::string_view patch_name;  // "FilterNode"
    std::string_view plan_name;   // "biquadFilter", as the reference's graphs call it
};

// In the order of the enum (NoteOscillatorNode is an Oscillator too).
const NodeType& type_of(NodeKind kind);

struct PlanEdge {
    bool to_destination = false;
    std::string target;     // node id, when not to the destination
    std::string parameter;  // empty: the node's input

    bool operator==(const PlanEdge&) const = default;
};

struct PlanNode {
    std::string id;
    NodeKind kind = NodeKind::Gain;
    const PatchNode* patch_node = nullptr;  // null for a weight's gain node
    double weight = 1;                      // the gain of a weight's gain node
    std::vector<PlanEdge> edges;

    // The pitch of an oscillator before transposition: the note's, the node's `frequency`, or 440 Hz.
    double oscillator_frequency() const;
};

// Everything the patch says, dead ends included. The nodes point into `patch`, which must outlive the plan.
// Errors: Invalid (a node type that the reference does not have).
Result<std::vector<PlanNode>> decode_audio(const Patch& patch);

// Drops the wavetable and additive nodes that no output gives their data, then, again and again, the edges to
// what is not there or takes no audio, and the weights without an edge or a source.
std::vector<PlanNode> cleaned(std::vector<PlanNode> plan, const std::vector<NetworkOutput>& outputs);

// Both.
Result<std::vector<PlanNode>> plan_audio(const Patch& patch, const std::vector<NetworkOutput>& outputs);

}  // namespace kpm::render
