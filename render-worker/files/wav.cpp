#include "render-worker/files/wav.h"

#include <bit>
#include <string_view>

namespace kpm::render {
namespace {

constexpr std::uint16_t kPcm = 1, kFloat = 3;
constexpr std::uint16_t kChannels = 1;
constexpr std::size_t kHeader = 64;  // bytes at most

template <class Integer>
void append(std::string& bytes, Integer value) {
    for (std::size_t shift = 0; shift < sizeof value * 8; shift += 8)
        bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
}

void append_chunk(std::string& bytes, std::string_view name, std::string_view content) {
    bytes += name;
    append(bytes, static_cast<std::uint32_t>(content.size()));
    bytes += content;
}

std::string format_of(std::uint16_t format, std::uint16_t sample_size, std::uint32_t sample_rate) {
    std::string chunk;
    append(chunk, format);
    append(chunk, kChannels);
    append(chunk, sample_rate);
    append(chunk, sample_rate * sample_size * kChannels);
    append(chunk, static_cast<std::uint16_t>(sample_size * kChannels));
    append(chunk, static_cast<std::uint16_t>(8 * sample_size));
    if (format != kPcm) append(chunk, std::uint16_t{0});
    return chunk;
}

// All up to the samples, whose bytes follow.
std::string header(std::uint16_t format, std::uint16_t sample_size, std::size_t count,
                   std::uint32_t sample_rate) {
    const auto data_size = static_cast<std::uint32_t>(count * sample_size);
    std::string chunks = "WAVE";
    append_chunk(chunks, "fmt ", format_of(format, sample_size, sample_rate));
    if (format != kPcm) {
        std::string fact;
        append(fact, static_cast<std::uint32_t>(count));
        append_chunk(chunks, "fact", fact);
    }
    chunks += "data";
    append(chunks, data_size);

    std::string bytes;
    bytes.reserve(kHeader + data_size);
    bytes += "RIFF";
    append(bytes, static_cast<std::uint32_t>(chunks.size()) + data_size);
    bytes += chunks;
    return bytes;
}

}  // namespace

std::string wav_bytes(std::span<const std::int16_t> samples, std::uint32_t sample_rate) {
    std::string bytes = header(kPcm, sizeof samples[0], samples.size(), sample_rate);
    for (const std::int16_t sample : samples) append(bytes, static_cast<std::uint16_t>(sample));
    return bytes;
}

std::string wav_bytes(std::span<const float> samples, std::uint32_t sample_rate) {
    std::string bytes = header(kFloat, sizeof samples[0], samples.size(), sample_rate);
    for (const float sample : samples) append(bytes, std::bit_cast<std::uint32_t>(sample));
    return bytes;
}

}  // namespace kpm::render
