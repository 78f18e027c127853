#pragma once
// Decodes the genome's `asNEATPatch`: the nodes and connections of the sound's patch, as they stand there.
// Pure. Its lists hold JSON objects, or texts of JSON objects. What the nodes mean is decided in
// network_outputs and audio_plan. `enabled` of a connection is not read: the reference sounds disabled
// connections too.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/genome/json_fwd.h"

namespace kpm::render {

struct PatchNode {
    std::string id;
    std::string name;                                    // "GainNode", "NoteNetworkOutputNode", …
    std::optional<std::string> type;                     // wave form, filter type or network output
    std::map<std::string, double, std::less<>> numbers;  // the numeric properties that some node type uses

    std::optional<double> number(std::string_view key) const;
    // The reference takes a property only if it is there and not 0.
    double number_or(std::string_view key, double otherwise) const;
};

struct PatchConnection {
    std::string source;           // node id
    std::string target;           // node id; unused when to_destination
    bool to_destination = false;  // target 0, the patch's output
    std::string parameter;        // empty: the node's input
    std::optional<std::pair<double, double>> range;
    double weight = 1;
};

struct Patch {
    std::vector<PatchNode> nodes;
    std::vector<PatchConnection> connections;
};

// `as_neat_patch` is an object or a text of it, possibly quoted twice. Errors: Invalid, naming the place.
Result<Patch> parse_patch(const Json& as_neat_patch);

}  // namespace kpm::render
