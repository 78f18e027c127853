#include "render-worker/dsp/click_removal.h"

#include <algorithm>

namespace kpm::render {

void remove_clicks(AudioParam& gain, double duration) {
    const double end = std::max(duration - 2 * kClickFade, duration / 2);
    gain.set(0);
    gain.approach({{0, 1, kClickFade}, {end, 0, kClickFade}});
}

}  // namespace kpm::render
