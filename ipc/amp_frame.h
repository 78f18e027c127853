#pragma once
// AMP, the framing of PM2's sockets: bytes to frames and back. Knows no socket and no JSON message shapes.
//
//   frame   := meta arg{argc}        meta = version << 4 | argc; version 1 is written, any is read
//   arg     := u32 big-endian length, payload
//   payload := "j:" + JSON | "s:" + UTF-8 text | any other bytes (a blob)
//
// A peer that breaks the format or a limit is beyond repair: the decoder then stays in its error, the caller
// closes.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::ipc {

enum class AmpKind { Json, Text, Blob };

// `body` is without the two-byte prefix. A blob that itself begins with "j:" or "s:" cannot be told from
// those.
struct AmpArg {
    AmpKind kind = AmpKind::Blob;
    std::string body;

    bool operator==(const AmpArg&) const = default;
};

AmpArg json_arg(const Json& value);  // bytes that are no UTF-8 become U+FFFD, as Node does it
AmpArg text_arg(std::string text);
AmpArg blob_arg(std::string bytes);

struct AmpFrame {
    std::vector<AmpArg> args;

    bool operator==(const AmpFrame&) const = default;
};

inline constexpr std::size_t kMaxAmpArgs = 15;  // four bits

// REQUIRES: 1 to kMaxAmpArgs args, each shorter than 4 GiB.
std::string encode_frame(const AmpFrame& frame);

// What stands before and after something long, so that it need not be copied.
struct AmpAround {
    std::string before, after;
};
// A frame of two arguments: JSON of `size` bytes with `json` around them, and a text.
AmpAround frame_around(std::size_t size, const AmpAround& json, std::string_view text);

struct AmpLimits {
    std::size_t max_args = kMaxAmpArgs;
    std::size_t max_arg_size = std::size_t{64} << 20;    // bytes of one payload
    std::size_t max_frame_size = std::size_t{65} << 20;  // bytes of all payloads together
};

// Incremental: feed() what the socket gave, in chunks of any size, then next() until it answers nullopt.
// Memory grows with the bytes that came, not with a length that was only announced, but for the first
// megabyte of it, which is reserved: one unfinished frame and one chunk at most.
class AmpDecoder {
public:
    explicit AmpDecoder(AmpLimits limits = {}) : limits_(limits) {}

    void feed(std::string_view bytes);
    // nullopt: no whole frame yet. Error (Invalid): broken, and so is every later call.
    Result<std::optional<AmpFrame>> next();

    // Bytes held for frames that next() has not returned.
    std::size_t buffered() const;
    // An EOF now would cut a frame in two.
    bool is_inside_frame() const;

private:
    enum class Step { Meta, Length, Payload };

    std::optional<std::string> advance();  // the reason when broken
    std::optional<std::string> start_payload();
    void finish_arg();

    AmpLimits limits_;
    std::string input_;  // not yet looked at: input_[offset_..]
    std::size_t offset_ = 0;
    Step step_ = Step::Meta;
    std::size_t args_left_ = 0;
    int length_bytes_ = 0;
    std::size_t length_ = 0;
    std::size_t frame_size_ = 0;
    std::string payload_;
    AmpFrame frame_;
    std::optional<Error> broken_;
};

}  // namespace kpm::ipc
