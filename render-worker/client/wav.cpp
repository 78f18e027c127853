#include "render-worker/client/wav.h"

#include <cerrno>
#include <cstdio>
#include <memory>

namespace kpm::render {
namespace {

constexpr std::uint16_t kPcm = 1;
constexpr std::uint16_t kChannels = 1;
constexpr std::uint16_t kBytesPerSample = 2;

template <class Integer>
void append(std::string& bytes, Integer value) {
    for (std::size_t shift = 0; shift < sizeof value * 8; shift += 8)
        bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xff);
}

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string wav_bytes(std::span<const std::int16_t> samples, std::uint32_t sample_rate) {
    const auto data_size = static_cast<std::uint32_t>(samples.size_bytes());
    std::string bytes = "RIFF";
    append(bytes, std::uint32_t{36} + data_size);
    bytes += "WAVEfmt ";
    append(bytes, std::uint32_t{16});
    append(bytes, kPcm);
    append(bytes, kChannels);
    append(bytes, sample_rate);
    append(bytes, sample_rate * kBytesPerSample * kChannels);
    append(bytes, static_cast<std::uint16_t>(kBytesPerSample * kChannels));
    append(bytes, static_cast<std::uint16_t>(8 * kBytesPerSample));
    bytes += "data";
    append(bytes, data_size);
    for (const std::int16_t sample : samples) append(bytes, static_cast<std::uint16_t>(sample));
    return bytes;
}

Result<void> write_wav(const std::string& path, std::span<const std::int16_t> samples,
                       std::uint32_t sample_rate) {
    std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "wb"));
    if (!file) return os_error("write", path, errno);
    const std::string bytes = wav_bytes(samples, sample_rate);
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
        return os_error("write", path, errno);
    // What is still in the buffer is written here, so a full disk shows here.
    if (std::fclose(file.release()) != 0) return os_error("write", path, errno);
    return {};
}

}  // namespace kpm::render
