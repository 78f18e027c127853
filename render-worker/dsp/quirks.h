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
};

}  // namespace kpm::render
