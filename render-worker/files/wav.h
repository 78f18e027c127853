#pragma once
// A mono WAV file (RIFF) as bytes: 16-bit PCM (format 1) or 32-bit float (format 3). Pure. Source of the
// layout: IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991; of formats
// but PCM: Microsoft, "Multiple Channel Audio Data and WAVE Files" (a `fact` chunk and a size of the
// extension).

#include <cstdint>
#include <span>
#include <string>

namespace kpm::render {

// REQUIRES: fewer than 2^30 samples. `sample_rate` in Hz.
std::string wav_bytes(std::span<const std::int16_t> samples, std::uint32_t sample_rate);
std::string wav_bytes(std::span<const float> samples, std::uint32_t sample_rate);

}  // namespace kpm::render
