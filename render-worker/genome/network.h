#pragma once
// Decodes the genome's `waveNetwork`: one CPPN, or one per (rounded) frequency. Pure.
// JSON: { offspring: C } or { oneCPPNPerFrequency: true, CPPNs: { "<frequency>": { offspring: C } } } with
// C = { nodes[], connections[], inputNodeCount, outputNodeCount }.

#include <vector>

#include "ipc/base/result.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/genome/json_fwd.h"

namespace kpm::render {

class WaveNetwork {
public:
    struct Entry {
        double frequency = 0;  // Hz, the key; 0 for the only network
        CppnProgram program;
    };

    // Errors: Invalid, naming the place.
    static Result<WaveNetwork> parse(const Json& wave_network);

    bool empty() const { return entries_.empty(); }
    // The network for an output whose frequency before any transposition is `base_frequency`: the entry of
    // the rounded frequency (to 1 Hz below 20 Hz, else to 10 Hz), or the numerically nearest one. REQUIRES:
    // !empty().
    const CppnProgram& for_frequency(double base_frequency) const;
    const std::vector<Entry>& entries() const { return entries_; }

private:
    std::vector<Entry> entries_;
};

}  // namespace kpm::render
