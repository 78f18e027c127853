#include "ipc/amp_frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace kpm::ipc {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kJsonPrefix = "j:";
constexpr std::string_view kTextPrefix = "s:";
constexpr int kLengthBytes = 4;
// Room is made for as much of an announced argument at once; what is longer grows with what comes.
constexpr std::size_t kMadeAtOnce = std::size_t{1} << 20;

std::string_view prefix_of(AmpKind kind) {
    switch (kind) {
        case AmpKind::Json:
            return kJsonPrefix;
        case AmpKind::Text:
            return kTextPrefix;
        case AmpKind::Blob:
            return {};
    }
    return {};
}

void append_length(std::string& out, std::size_t length) {
    assert(length <= UINT32_MAX);
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift & 0xff));
}

AmpArg arg_of(std::string payload) {
    AmpKind kind = AmpKind::Blob;
    if (payload.starts_with(kJsonPrefix)) kind = AmpKind::Json;
    if (payload.starts_with(kTextPrefix)) kind = AmpKind::Text;
    payload.erase(0, prefix_of(kind).size());
    return {kind, std::move(payload)};
}

}  // namespace

AmpArg json_arg(const Json& value) {
    return {AmpKind::Json, value.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

AmpArg text_arg(std::string text) {
    return {AmpKind::Text, std::move(text)};
}

AmpArg blob_arg(std::string bytes) {
    return {AmpKind::Blob, std::move(bytes)};
}

std::string encode_frame(const AmpFrame& frame) {
    assert(!frame.args.empty() && frame.args.size() <= kMaxAmpArgs);
    std::size_t size = 1;
    for (const AmpArg& arg : frame.args) size += kLengthBytes + prefix_of(arg.kind).size() + arg.body.size();
    std::string out;
    out.reserve(size);
    out.push_back(static_cast<char>(kVersion << 4 | frame.args.size()));
    for (const AmpArg& arg : frame.args) {
        append_length(out, prefix_of(arg.kind).size() + arg.body.size());
        out += prefix_of(arg.kind);
        out += arg.body;
    }
    return out;
}

AmpAround frame_around(std::size_t size, const AmpAround& json, std::string_view text) {
    AmpAround frame;
    frame.before.push_back(static_cast<char>(kVersion << 4 | 2));
    append_length(frame.before, kJsonPrefix.size() + json.before.size() + size + json.after.size());
    frame.before.append(kJsonPrefix).append(json.before);
    frame.after = json.after;
    append_length(frame.after, kTextPrefix.size() + text.size());
    frame.after.append(kTextPrefix).append(text);
    return frame;
}

void AmpDecoder::feed(std::string_view bytes) {
    if (broken_) return;
    // Moving the rest to the front only when it is the smaller half keeps the cost per byte constant.
    if (offset_ > input_.size() / 2) {
        input_.erase(0, offset_);
        offset_ = 0;
    }
    input_ += bytes;
}

Result<std::optional<AmpFrame>> AmpDecoder::next() {
    if (broken_) return *broken_;
    while (true) {
        if (step_ == Step::Meta && !frame_.args.empty() && args_left_ == 0)
            return std::optional<AmpFrame>(std::exchange(frame_, {}));
        if (offset_ == input_.size()) break;
        if (const std::optional<std::string> reason = advance()) {
            broken_ = Error{ErrorCode::Invalid, fmt::format("cannot read a frame: {}", *reason)};
            input_ = {};
            payload_ = {};
            offset_ = 0;
            return *broken_;
        }
    }
    input_.clear();
    offset_ = 0;
    return std::optional<AmpFrame>{};
}

// Consumes at least one byte, or finishes an argument of no bytes.
std::optional<std::string> AmpDecoder::advance() {
    switch (step_) {
        case Step::Meta:
            args_left_ = static_cast<std::uint8_t>(input_[offset_++]) & 0x0f;
            if (args_left_ == 0) return "it has no arguments";
            if (args_left_ > limits_.max_args)
                return fmt::format("it has {} arguments, the limit is {}", args_left_, limits_.max_args);
            frame_.args.reserve(args_left_);
            frame_size_ = 0;
            step_ = Step::Length;
            return std::nullopt;
        case Step::Length:
            length_ = length_ << 8 | static_cast<std::uint8_t>(input_[offset_++]);
            if (++length_bytes_ < kLengthBytes) return std::nullopt;
            return start_payload();
        case Step::Payload: {
            const std::size_t taken = std::min(length_ - payload_.size(), input_.size() - offset_);
            payload_.append(input_, offset_, taken);
            offset_ += taken;
            if (payload_.size() == length_) finish_arg();
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<std::string> AmpDecoder::start_payload() {
    if (length_ > limits_.max_arg_size)
        return fmt::format("an argument of {} bytes is over the limit of {}", length_, limits_.max_arg_size);
    frame_size_ += length_;
    if (frame_size_ > limits_.max_frame_size)
        return fmt::format("{} bytes are over the limit of {}", frame_size_, limits_.max_frame_size);
    step_ = Step::Payload;
    payload_.reserve(std::min(length_, kMadeAtOnce));
    if (length_ == 0) finish_arg();
    return std::nullopt;
}

void AmpDecoder::finish_arg() {
    frame_.args.push_back(arg_of(std::exchange(payload_, {})));
    length_ = 0;
    length_bytes_ = 0;
    step_ = --args_left_ == 0 ? Step::Meta : Step::Length;
}

std::size_t AmpDecoder::buffered() const {
    std::size_t size = input_.size() - offset_ + payload_.size();
    for (const AmpArg& arg : frame_.args) size += arg.body.size();
    return size;
}

bool AmpDecoder::is_inside_frame() const {
    return step_ != Step::Meta || !frame_.args.empty();
}

}  // namespace kpm::ipc
