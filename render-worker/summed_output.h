#pragma once
// The sound of kromosynth's render server with `legacyBatch`: all channels of the destination added, brought
// to a peak of 1, and its first and last 128 samples faded when they do not begin and end at 0.

#include <vector>

namespace kpm::render {

// `channels` are of the same length.
std::vector<float> summed_output(const std::vector<std::vector<float>>& channels);

}  // namespace kpm::render
