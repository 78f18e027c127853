#pragma once
// A 16-bit mono WAV file (RIFF, format 1), written whole.

#include <cstdint>
#include <span>
#include <string>

#include "ipc/base/result.h"

namespace kpm::render {

std::string wav_bytes(std::span<const std::int16_t> samples, std::uint32_t sample_rate);
Result<void> write_wav(const std::string& path, std::span<const std::int16_t> samples,
                       std::uint32_t sample_rate);

}  // namespace kpm::render
