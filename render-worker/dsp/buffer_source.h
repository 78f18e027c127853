#pragma once
// AudioBufferSourceNode as the genomes use it: a mono buffer, played once from time 0, then silence. At the
// sound's own sample rate and speed its samples are put out as they are; else it advances by
//   playbackRate · 2^(detune / 1200) / rate
// seconds per frame and interpolates linearly, in double; behind the last sample it goes on as between the
// last two, or towards 0 when the buffer has a rate of its own. Both parameters are taken once per block.
// Source: Web Audio specification 1.10.

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class BufferSource : public AudioNode {
public:
    // Without a buffer it is silent. `buffer_rate` is the buffer's own sample rate; 0: the sound's.
    explicit BufferSource(Curve buffer, const Quirks& quirks = {}, double buffer_rate = 0);

    void process(const BlockTime& time) override;
    AudioParam* param(std::string_view name) override;  // "playbackRate", "detune"

private:
    void copy(std::size_t first);
    void interpolate(const BlockTime& time, double speed, double ratio);

    Curve buffer_;
    double buffer_rate_;
    AudioParam playback_rate_, detune_;
    double position_ = 0;  // seconds into the buffer
    bool interpolates_ = false;
};

}  // namespace kpm::render
