#include "render-worker/dsp/delay.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "render-worker/wide.h"

namespace kpm::render {
namespace {
constexpr double kReferenceMax = 1;  // seconds
constexpr double kGenomesMax = 3;    // seconds

using Samples = std::array<float, kQuantum>;

KPM_RENDER_INLINE void interpolate(const std::array<float, kQuantum + 1>& samples, float part, Samples& out) {
    for (std::size_t i = 0; i < kQuantum; ++i)
        out[i] = std::fma(1.0F - part, samples[i], part * samples[i + 1]);
}

KPM_RENDER_WIDE void interpolate_wide(const std::array<float, kQuantum + 1>& samples, float part,
                                      Samples& out) {
    interpolate(samples, part, out);
}

}  // namespace

void DelayWriter::process(const BlockTime& time) {
    line_->write(inputs()[0], time.frame);
    output().make_silent();
}

DelayReader::DelayReader(std::shared_ptr<DelayLine> line, double max, const Quirks& quirks)
    : AudioNode({}, 0),
      line_(std::move(line)),
      delay_time_({0, 0, static_cast<float>(max)}, quirks.first_channel_modulates) {}

AudioParam* DelayReader::param(std::string_view name) {
    return name == "delayTime" ? &delay_time_ : nullptr;
}

DelayReader::Place DelayReader::place(std::size_t start, std::size_t i, double delay,
                                      double sample_rate) const {
    const double at_least = in_cycle_ ? double{kQuantum} * (1.0 / sample_rate) : 0.0;
    // The memory of a sound shorter than the longest delay is only as long as the sound.
    const auto at_most = static_cast<double>(line_->size() - kQuantum);
    const double samples = std::min(std::max(delay, at_least) * sample_rate, at_most);
    const double position = static_cast<double>(i) - samples;
    const double whole = std::floor(position);
    // The ring is longer than any delay, so that one turn leads back into it.
    auto frame = static_cast<std::ptrdiff_t>(start) + static_cast<std::ptrdiff_t>(whole);
    if (frame < 0) frame += static_cast<std::ptrdiff_t>(line_->size());
    return {static_cast<std::size_t>(frame), static_cast<float>(position - whole)};
}

void DelayReader::read_varying(const BlockTime& time, std::span<const float> delays) {
    const std::size_t start = time.frame % line_->size();
    std::array<Place, kQuantum> places;
    for (std::size_t i = 0; i < kQuantum; ++i) places[i] = place(start, i, delays[i], time.sample_rate);
    for (std::size_t c = 0; c < output().channels; ++c) {
        const float* ring = line_->samples(c);
        for (std::size_t i = 0; i < kQuantum; ++i) {
            const auto [frame, part] = places[i];
            const float next = ring[frame + 1 == line_->size() ? 0 : frame + 1];
            const float between = std::fma(1.0F - part, ring[frame], part * next);
            output().samples[c][i] = part != 0.0F ? between : ring[frame];
        }
    }
}

void DelayReader::read_constant(const BlockTime& time, float delay) {
    const Place first = place(time.frame % line_->size(), 0, delay, time.sample_rate);
    std::array<float, kQuantum + 1> samples;
    const std::size_t before_turn = std::min(samples.size(), line_->size() - first.frame);
    for (std::size_t c = 0; c < output().channels; ++c) {
        const float* ring = line_->samples(c);
        std::copy_n(ring + first.frame, before_turn, samples.begin());
        std::copy_n(ring, samples.size() - before_turn,
                    samples.begin() + static_cast<std::ptrdiff_t>(before_turn));
        auto& out = output().samples[c];
        if (first.part == 0.0F)
            std::copy_n(samples.begin(), kQuantum, out.begin());
        else if (is_wide())
            interpolate_wide(samples, first.part, out);
        else
            interpolate(samples, first.part, out);
    }
}

void DelayReader::process(const BlockTime& time) {
    in_cycle_ = in_cycle_ || !line_->has_written(time.frame);
    const auto delays = delay_time_.compute(time);
    Quantum& out = output();
    out.channels = line_->channels();
    out.silent = false;
    if (delays.size() > 1)
        read_varying(time, delays);
    else
        read_constant(time, delays[0]);
    const auto sounds = [](const std::array<float, kQuantum>& samples) {
        return std::any_of(samples.begin(), samples.end(), [](float value) { return std::isnormal(value); });
    };
    const auto end = out.samples.begin() + static_cast<std::ptrdiff_t>(out.channels);
    if (std::none_of(out.samples.begin(), end, sounds)) out.make_silent();
}

double max_delay(const Quirks& quirks) {
    return quirks.delay_stops_at_a_second ? kReferenceMax : kGenomesMax;
}

// One block more than the longest delay: the one that is being written.
std::size_t delay_memory(double sample_rate, std::size_t frames, const Quirks& quirks) {
    const double longest = std::ceil(sample_rate * max_delay(quirks) / double{kQuantum});
    const std::size_t whole_sound = (frames + kQuantum - 1) / kQuantum;
    return (std::min(static_cast<std::size_t>(longest), whole_sound) + 1) * kQuantum;
}

DelayEnds add_delay(AudioGraph& graph, double sample_rate, std::size_t frames, const Quirks& quirks) {
    auto line = std::make_shared<DelayLine>(delay_memory(sample_rate, frames, quirks) / kQuantum);
    DelayEnds ends;
    ends.input = graph.add(std::make_unique<DelayWriter>(line));
    ends.output = graph.add(std::make_unique<DelayReader>(line, max_delay(quirks), quirks));
    graph.order(ends.input, ends.output);
    return ends;
}

}  // namespace kpm::render
