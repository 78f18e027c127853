#include "render-worker/dsp/buffer_source.h"

#include <algorithm>

namespace kpm::render {

void BufferSource::process(const BlockTime& time) {
    Quantum& out = output();
    if (buffer_ == nullptr || time.frame >= buffer_->size()) return out.make_silent();
    out.make_zeros(1);
    const std::size_t count = std::min(kQuantum, buffer_->size() - time.frame);
    std::copy_n(buffer_->begin() + static_cast<std::ptrdiff_t>(time.frame), count, out.samples[0].begin());
}

}  // namespace kpm::render
