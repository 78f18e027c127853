#include "render-worker/files/png.h"

#include <zlib.h>

#include <cassert>
#include <string_view>

namespace kpm::render {
namespace {

constexpr char kDepth = 8, kIndexed = 3;
constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);

void append(std::string& bytes, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
}

void append_chunk(std::string& bytes, std::string_view type, std::string_view content) {
    append(bytes, static_cast<std::uint32_t>(content.size()));
    std::string checked(type);
    checked += content;
    bytes += checked;
    const uLong sum =
        crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
    append(bytes, static_cast<std::uint32_t>(sum));
}

std::string compressed(const std::string& raw) {
    uLongf size = compressBound(static_cast<uLong>(raw.size()));
    std::string packed(size, '\0');
    const int done = compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                              reinterpret_cast<const Bytef*>(raw.data()), static_cast<uLong>(raw.size()));
    assert(done == Z_OK);  // but for memory, which ends the process
    static_cast<void>(done);
    packed.resize(size);
    return packed;
}

}  // namespace

std::string png_bytes(const PaletteImage& image, std::span<const Colour> palette) {
    assert(image.pixels.size() == std::size_t{image.width} * image.height);
    assert(!palette.empty() && palette.size() <= 256);
    std::string header;
    append(header, image.width);
    append(header, image.height);
    header += {kDepth, kIndexed, 0, 0, 0};
    std::string colours;
    for (const Colour& colour : palette) colours.append(colour.begin(), colour.end());
    std::string rows;
    for (std::size_t row = 0; row < image.height; ++row) {
        rows += '\0';  // no filter
        const std::span<const std::uint8_t> pixels(image.pixels.data() + row * image.width, image.width);
        rows.append(pixels.begin(), pixels.end());
    }
    std::string bytes(kSignature);
    append_chunk(bytes, "IHDR", header);
    append_chunk(bytes, "PLTE", colours);
    append_chunk(bytes, "IDAT", compressed(rows));
    append_chunk(bytes, "IEND", {});
    return bytes;
}

}  // namespace kpm::render
