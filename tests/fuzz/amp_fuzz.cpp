// The first byte chooses the size of the chunks, the rest is the stream.

#include <algorithm>
#include <cstdint>

#include "ipc/amp_frame.h"
#include "tests/fuzz/require.h"

using namespace kpm;
using namespace kpm::ipc;

namespace {

constexpr AmpLimits kLimits{.max_args = kMaxAmpArgs, .max_arg_size = 16 * 1024, .max_frame_size = 32 * 1024};

struct Decoded {
    std::vector<AmpFrame> frames;
    bool is_broken = false;
};

Decoded decode(std::string_view bytes, std::size_t chunk) {
    AmpDecoder decoder(kLimits);
    Decoded decoded;
    while (!bytes.empty() && !decoded.is_broken) {
        decoder.feed(bytes.substr(0, chunk));
        bytes.remove_prefix(std::min(chunk, bytes.size()));
        while (true) {
            Result<std::optional<AmpFrame>> frame = decoder.next();
            decoded.is_broken = !frame;
            if (!frame || !*frame) break;
            decoded.frames.push_back(**std::move(frame));
        }
        fuzz::require(decoder.buffered() <= kLimits.max_frame_size, "one unfinished frame is held at most");
    }
    return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Decoded whole = decode(bytes, std::max<std::size_t>(bytes.size(), 1));
    const Decoded pieces = decode(bytes, std::size_t{1} + data[0]);
    fuzz::require(whole.frames == pieces.frames, "the frames are the same in any chunking");
    fuzz::require(whole.is_broken == pieces.is_broken, "the end is the same in any chunking");
    for (const AmpFrame& frame : whole.frames) {
        const Decoded again = decode(encode_frame(frame), 4096);
        fuzz::require(again.frames == std::vector<AmpFrame>{frame}, "an encoded frame is the frame again");
    }
    return 0;
}
