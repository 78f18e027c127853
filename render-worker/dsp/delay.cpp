#include "render-worker/dsp/delay.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {
constexpr double kReferenceMax = 1;  // seconds
constexpr double kGenomesMax = 3;    // seconds
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
    auto frame = static_cast<std::ptrdiff_t>(start) + static_cast<std::ptrdiff_t>(whole);
    const auto size = static_cast<std::ptrdiff_t>(line_->size());
    frame %= size;
    if (frame < 0) frame += size;
    return {static_cast<std::size_t>(frame), static_cast<float>(position - whole)};
}

void DelayReader::find_places(const BlockTime& time, std::span<const float> delays) {
    const std::size_t start = time.frame % line_->size();
    if (delays.size() > 1) {
        for (std::size_t i = 0; i < kQuantum; ++i) places_[i] = place(start, i, delays[i], time.sample_rate);
        return;
    }
    const Place first = place(start, 0, delays[0], time.sample_rate);
    for (std::size_t i = 0; i < kQuantum; ++i) places_[i] = {(first.frame + i) % line_->size(), first.part};
}

void DelayReader::process(const BlockTime& time) {
    in_cycle_ = in_cycle_ || !line_->has_written(time.frame);
    find_places(time, delay_time_.compute(time));
    Quantum& out = output();
    out.channels = line_->channels();
    out.silent = false;
    bool sounds = false;
    for (std::size_t c = 0; c < out.channels; ++c) {
        const float* ring = line_->samples(c);
        for (std::size_t i = 0; i < kQuantum; ++i) {
            const auto [frame, part] = places_[i];
            float value = ring[frame];
            if (part != 0.0F) {
                const float next = ring[frame + 1 == line_->size() ? 0 : frame + 1];
                value = std::fma(1.0F - part, value, part * next);
            }
            sounds = sounds || std::isnormal(value);
            out.samples[c][i] = value;
        }
    }
    if (!sounds) out.make_silent();
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
