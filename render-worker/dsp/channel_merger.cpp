#include "render-worker/dsp/channel_merger.h"

namespace kpm::render {

void ChannelMerger::process(const BlockTime&) {
    const Quantum& in = inputs()[0];
    Quantum& out = output();
    if (in.silent) return out.make_silent();
    out.make_zeros(channels_);
    out.samples[0] = in.samples[0];
}

}  // namespace kpm::render
