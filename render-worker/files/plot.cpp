#include "render-worker/files/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "render-worker/files/png.h"
#include "render-worker/files/spectrogram.h"

namespace kpm::render {
namespace {

// Pixels of the page: a margin for the frequencies, the waveform, the spectrogram, the seconds.
constexpr int kLeft = 70, kWidth = 1000, kRight = 20;
constexpr int kTop = 40, kWaveHeight = 200, kGap = 20, kSpectrumHeight = 384, kBottom = 40;
constexpr int kSpectrumTop = kTop + kWaveHeight + kGap;
constexpr int kPageWidth = kLeft + kWidth + kRight;
constexpr int kPageHeight = kSpectrumTop + kSpectrumHeight + kBottom;
constexpr std::size_t kColours = 64;
constexpr int kTimes = 5;  // intervals between the seconds that are written

using Text = std::back_insert_iterator<std::string>;

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '&')
            safe += "&amp;";
        else if (c == '<')
            safe += "&lt;";
        else
            safe += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    }
    return safe;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

// Black over blue and red to a pale yellow, linear between five stops.
std::array<Colour, kColours> palette() {
    constexpr std::array<std::array<double, 3>, 5> kStops = {
        {{0, 0, 0}, {40, 20, 110}, {170, 40, 100}, {245, 130, 40}, {255, 250, 190}}};
    std::array<Colour, kColours> colours{};
    for (std::size_t i = 0; i < kColours; ++i) {
        const double place = static_cast<double>(i) / double{kColours - 1} * double{kStops.size() - 1};
        const auto stop = std::min(static_cast<std::size_t>(place), kStops.size() - 2);
        const double part = place - static_cast<double>(stop);
        for (std::size_t c = 0; c < 3; ++c)
            colours[i][c] =
                static_cast<std::uint8_t>(kStops[stop][c] + part * (kStops[stop + 1][c] - kStops[stop][c]));
    }
    return colours;
}

PaletteImage image_of(const Spectrogram& spectrogram) {
    PaletteImage image{
        static_cast<std::uint32_t>(spectrogram.columns), static_cast<std::uint32_t>(Spectrogram::kRows), {}};
    image.pixels.reserve(spectrogram.decibels.size());
    for (std::size_t row = Spectrogram::kRows; row-- > 0;)
        for (std::size_t column = 0; column < spectrogram.columns; ++column) {
            const float level = spectrogram.at(column, row) / -Spectrogram::kFloor + 1.0F;
            const auto colour = std::clamp(level, 0.0F, 1.0F) * float{kColours - 1};
            image.pixels.push_back(static_cast<std::uint8_t>(colour));
        }
    return image;
}

double wave_y(float sample) {
    const double height = std::isnan(sample) ? 0.0 : std::clamp(double{sample}, -1.0, 1.0);
    return kTop + (1 - height) * kWaveHeight / 2.0;
}

void draw_wave(Text out, std::span<const float> samples) {
    const std::size_t columns = std::min(samples.size(), Spectrogram::kColumns);
    fmt::format_to(out, "<path fill=\"none\" stroke=\"#24548f\" d=\"M");
    for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t first = column * samples.size() / columns;
        const std::size_t last = std::max(first + 1, (column + 1) * samples.size() / columns);
        const auto [low, high] =
            std::ranges::minmax_element(samples.subspan(first, last - first), std::less<>());
        const double x = kLeft + (static_cast<double>(column) + 0.5) * kWidth / static_cast<double>(columns);
        fmt::format_to(out, " {:.1f} {:.1f}", x, wave_y(*high));
        if (wave_y(*low) - wave_y(*high) >= 0.05) fmt::format_to(out, " {:.1f} {:.1f}", x, wave_y(*low));
    }
    fmt::format_to(out, "\"/>\n");
}

void draw_text(Text out, double x, double y, std::string_view anchor, std::string_view text) {
    fmt::format_to(out, "<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor,
                   escaped(text));
}

void draw_scales(Text out, double seconds, const Spectrogram& spectrogram) {
    for (const int level : {-1, 0, 1})
        draw_text(out, kLeft - 6, wave_y(static_cast<float>(level)) + 4, "end", fmt::format("{}", level));
    for (int i = 0; i <= kTimes; ++i)
        draw_text(out, kLeft + double{kWidth} * i / kTimes, kPageHeight - kBottom + 18, "middle",
                  fmt::format("{:.4g} s", seconds * i / kTimes));
    for (const double frequency : {50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0, 20000.0}) {
        if (frequency < spectrogram.lowest || frequency > spectrogram.highest) continue;
        const double place =
            std::log(frequency / spectrogram.lowest) / std::log(spectrogram.highest / spectrogram.lowest);
        draw_text(out, kLeft - 6, kSpectrumTop + (1 - place) * kSpectrumHeight + 4, "end",
                  fmt::format("{:.0f} Hz", frequency));
    }
}

void draw_frame(Text out, int top, int height) {
    fmt::format_to(out,
                   "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>\n",
                   kLeft, top, kWidth, height);
}

}  // namespace

std::string plot_svg(std::span<const float> samples, double sample_rate, std::string_view title) {
    assert(!samples.empty());
    const Spectrogram spectrogram = render::spectrogram(samples, sample_rate);
    std::string svg;
    const Text out(svg);
    fmt::format_to(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} "
                   "{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
                   "<rect width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n",
                   kPageWidth, kPageHeight);
    draw_text(out, kLeft, kTop - 14, "start", title);
    draw_wave(out, samples);
    draw_frame(out, kTop, kWaveHeight);
    fmt::format_to(out,
                   "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" "
                   "href=\"data:image/png;base64,{}\"/>\n",
                   kLeft, kSpectrumTop, kWidth, kSpectrumHeight,
                   base64(png_bytes(image_of(spectrogram), palette())));
    draw_frame(out, kSpectrumTop, kSpectrumHeight);
    draw_scales(out, static_cast<double>(samples.size()) / sample_rate, spectrogram);
    svg += "</svg>\n";
    return svg;
}

}  // namespace kpm::render
