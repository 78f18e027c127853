#pragma once
// How many samples of a sound a GPU computes at once. Pure.

#include <cstddef>
#include <cstdint>

namespace kpm::render {

struct ChunkNeeds {
    double sample_rate = 0;      // Hz
    std::uint32_t outputs = 1;   // of the network
    std::size_t work = 0;        // its steps and edges, for each sample
    std::size_t max_buffer = 0;  // bytes that the device takes in one
};

// At least 1; at most a second, and no more than a buffer holds or a slow device does in a moment: a chunk
// has a deadline (GlesOptions), and one that takes longer looks like a device that hangs.
std::size_t chunk_size(const ChunkNeeds& needs);

}  // namespace kpm::render
