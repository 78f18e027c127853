#pragma once
// AudioBufferSourceNode as the genomes use it: a mono buffer of the sound's own sample rate, played once from
// time 0 without interpolation, then silence. Its parameters (playbackRate, detune) are not driven by any
// genome: there are none here.

#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class BufferSource : public AudioNode {
public:
    // Without a buffer it is silent.
    explicit BufferSource(Curve buffer) : AudioNode({}, 0), buffer_(std::move(buffer)) {}

    void process(const BlockTime& time) override;

private:
    Curve buffer_;
};

}  // namespace kpm::render
