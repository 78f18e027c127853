#pragma once
// Where the reference's sound engine differs from the Web Audio specification or from what its authors meant.
// The defaults are the reference's behaviour; each switch set to false gives the sane one.

namespace kpm::render {

struct Quirks {
    // Oscillators wrap their phase only at 1: a negative frequency lets it run away, and the corrections of
    // square and sawtooth with it (peaks of 1e5 and more).
    bool negative_phase_runs_away = true;
    // A wavetable's waves are mixed with (gain + 1) / 2 instead of gain: every wave is always at least at one
    // half.
    bool wavetable_gain_floor = true;
    // Wavetable and additive nodes put out 5.1 sound with everything on the left front channel.
    bool surround_merger = true;
    // A parameter with several input channels takes the first one instead of mixing them down to mono.
    bool first_channel_modulates = true;
    // A filter's `q` is never applied: Q is 1 unless something is connected to it.
    bool filter_q_ignored = true;
    // Delays end at one second, though genomes ask for up to three.
    bool delay_stops_at_a_second = true;
    // Nothing enters a feedback delay, so it is silent.
    bool feedback_delay_silent = true;
    // The gain that should fade a sound's first and last milliseconds is made, but never connected.
    bool edges_click = true;
    // Most anti-aliased signals are whatever lies in freed memory. Nobody can want that: the request is
    // refused. With the quirk off they are computed as they were meant, but for the next one.
    bool anti_aliasing_unreliable = true;
    // Anti-aliased signals are the first half of what was computed at twice the rate, so that a sound is the
    // first half of its gesture, stretched; not every second sample of it.
    bool anti_aliasing_keeps_first_half = true;
};

}  // namespace kpm::render
