#pragma once
// DelayNode: y(t) = x(t - delayTime), interpolated linearly between two frames; delayTime is at audio rate
// and ends at a second (or at three, with the quirk off). Source: Web Audio specification 1.18. It is two
// nodes of the graph, a writer for its input and a reader for its output, with a DelayLine between them. The
// reader comes after the writer, so that delays shorter than a block work; where a cycle runs through the
// delay, the graph drops that rule, the reader comes first, and the delay is a block at least. That is how
// sound goes in circles. An output of which no sample is a normal float is silence, so that echoes end.

#include <memory>

#include "render-worker/dsp/delay_line.h"
#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_graph.h"

namespace kpm::render {

struct DelayEnds {
    AudioGraph::Index input = 0;
    AudioGraph::Index output = 0;  // has the parameter "delayTime"
};

class DelayWriter : public AudioNode {
public:
    explicit DelayWriter(std::shared_ptr<DelayLine> line) : AudioNode({}, 1), line_(std::move(line)) {}

    void process(const BlockTime& time) override;
    bool breaks_cycles() const override { return true; }

private:
    std::shared_ptr<DelayLine> line_;
};

class DelayReader : public AudioNode {
public:
    // `max` in seconds.
    DelayReader(std::shared_ptr<DelayLine> line, double max, const Quirks& quirks);

    void process(const BlockTime& time) override;
    AudioParam* param(std::string_view name) override;  // "delayTime"

private:
    struct Place {
        std::size_t frame = 0;  // in the ring, of the earlier of the two frames
        float part = 0;         // how far behind it
    };

    Place place(std::size_t start, std::size_t i, double delay, double sample_rate) const;
    void read_varying(const BlockTime& time, std::span<const float> delays);
    void read_constant(const BlockTime& time, float delay);

    std::shared_ptr<DelayLine> line_;
    AudioParam delay_time_;
    bool in_cycle_ = false;
};

// The longest delay in seconds.
double max_delay(const Quirks& quirks);

// Frames that the memory of one channel needs in a sound of `frames`.
std::size_t delay_memory(double sample_rate, std::size_t frames, const Quirks& quirks);

// Adds both ends. `frames` is the length of the sound; nothing longer needs to be remembered.
DelayEnds add_delay(AudioGraph& graph, double sample_rate, std::size_t frames, const Quirks& quirks);

}  // namespace kpm::render
