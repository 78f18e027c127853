#pragma once
// The feedback delay node of the genomes: y(t) = x(t) + feedbackRatio · y(t - delayTime), a sound and its
// echoes. In the reference nothing enters it (Quirks::feedback_delay_silent); this is what it was meant to
// be, in the usual form (a comb filter; J. O. Smith, "Physical Audio Signal Processing", "Feedback Comb
// Filters"). A cycle through a delay, so echoes come after a block at the earliest.

#include "render-worker/dsp/delay.h"

namespace kpm::render {

struct FeedbackDelaySettings {
    double delay_time = 0;      // seconds
    double feedback_ratio = 0;  // taken within ±0.999, beyond which echoes would grow
    std::size_t frames = 0;     // of the sound
};

// Adds the node's parts; input and output are the same node.
DelayEnds add_feedback_delay(AudioGraph& graph, const FeedbackDelaySettings& settings, double sample_rate,
                             const Quirks& quirks);

}  // namespace kpm::render
