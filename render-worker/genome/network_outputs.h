#pragma once
// Which network signals a patch asks for, at which frequency, and what each feeds. Pure.
// The patch's network output nodes do not become audio nodes; each is split by what it feeds into up to three
// outputs, in this order: its `buffer` connections, its `partialBuffer` connections, all others. Only the
// first two follow the note: f_buffer = t(f), f_partial = t(f) · n + (t(f) · inharmonicity) for partial n >
// 1, f_other = f, where t transposes by the note delta: t(f) = f · 2^(100 delta / 1200), or f · r1 · r2.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/genome/patch.h"

namespace kpm::render {

struct Pitch {
    double note_delta = 0;                                // semitones
    std::optional<std::pair<double, double>> note_ratio;  // in place of the delta
    bool use_inharmonicity = true;
    bool applies_to_all = false;  // the other outputs follow the note too

    double transposed(double frequency) const;
};

// 440 · (2^(1/12))^offset
double note_frequency(double note_offset);

enum class SignalKind { Network, WhiteNoise, PinkNoise, BrownNoise };

struct NetworkOutput {
    struct Connection {
        std::string target;     // node id
        std::string parameter;  // may be empty: such a connection has no effect
        std::optional<std::pair<double, double>> range;
        double weight = 1;
        double partial_number = 1;
    };

    SignalKind kind = SignalKind::Network;
    std::uint32_t index = 0;  // of the network's output, for SignalKind::Network
    double frequency = 0;     // Hz, transposed
    double base_frequency =
        0;  // Hz, before transposition: chooses the network when there is one per frequency
    std::vector<Connection> connections;
};

bool is_network_output(const PatchNode& node);

// Outputs without a type give no signal and are left out. Errors: Invalid (a type that is no output).
Result<std::vector<NetworkOutput>> network_outputs(const Patch& patch, const Pitch& pitch);

}  // namespace kpm::render
