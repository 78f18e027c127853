#pragma once
// An image of at most 256 colours as the bytes of a PNG file. Pure. Source: PNG Specification, second edition
// (ISO/IEC 15948), colour type 3.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kpm::render {

using Colour = std::array<std::uint8_t, 3>;  // red, green, blue

struct PaletteImage {
    std::uint32_t width = 0, height = 0;
    std::vector<std::uint8_t> pixels;  // row after row from the top; indices into the palette
};

// REQUIRES: 1 to 256 colours, width · height pixels.
std::string png_bytes(const PaletteImage& image, std::span<const Colour> palette);

}  // namespace kpm::render
