#pragma once
// The gain that fades a sound in and out, so that its edges do not click: from 0 towards 1 from the start on,
// towards 0 from twice the time constant (15 ms) before the end on, or from its middle on, exponentially. The
// reference makes it but never connects it (Quirks::edges_click). A fade-out ends at e^-2, a seventh.

#include <vector>

#include "render-worker/graph/audio_param.h"

namespace kpm::render {

inline constexpr double kClickFade = 0.015;  // seconds, the time constant

// `gain` starts at 0.
void remove_clicks(AudioParam& gain, double duration);

}  // namespace kpm::render
