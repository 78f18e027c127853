#include "render-worker/server/message_json.h"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

#include "render-worker/genome/json_text.h"

namespace kpm::render {
namespace {

constexpr JsonLimits kLimits{.levels = kMaxJsonDepth, .parts = kMaxJsonParts};
constexpr std::size_t kEnvelopeBytes = 1u << 20;

// Notes the top level's keys of interest and stops when nothing more is wanted.
class EnvelopeReader final : public Json::json_sax_t {
public:
    Envelope take() { return std::move(envelope_); }

    bool null() override { return value(Json()); }
    bool boolean(bool value_) override { return value(Json(value_)); }
    bool number_integer(std::int64_t value_) override { return value(Json(value_)); }
    bool number_unsigned(std::uint64_t value_) override { return value(Json(value_)); }
    bool number_float(double value_, const std::string&) override { return value(Json(value_)); }
    bool string(std::string& text) override {
        if (depth_ != 1) return true;
        const bool is_short = text.size() <= kMaxRequestId;
        return value(is_short ? Json(text) : Json::array());
    }
    bool binary(Json::binary_t&) override { return true; }
    bool start_object(std::size_t) override { return open(); }
    bool start_array(std::size_t) override { return depth_ > 0 && open(); }
    bool end_object() override { return --depth_ > 0; }
    bool end_array() override { return --depth_ > 0; }
    bool key(std::string& name) override {
        if (depth_ != 1) return true;
        key_ = name;
        if (key_ == "genomeString" || key_ == "genomeId" || key_ == "genome")
            if (envelope_.genome_key.empty()) envelope_.genome_key = key_;
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

private:
    bool open() {
        if (depth_ == 1) note(Json::array());
        return ++depth_ <= kMaxJsonDepth;
    }
    bool value(const Json& found) {
        if (depth_ == 0) return false;
        if (depth_ == 1) note(found);
        return !(envelope_.has_type && !envelope_.request_id.is_null());
    }
    void note(const Json& found) {
        if (key_ == "type" && !found.is_null()) {
            envelope_.has_type = true;
            envelope_.type = found.is_string() ? std::optional(found.get<std::string>()) : std::nullopt;
        }
        if (key_ == "requestId" && (found.is_string() || found.is_number())) envelope_.request_id = found;
        key_.clear();
    }

    Envelope envelope_;
    std::string key_;
    std::size_t depth_ = 0;
};

}  // namespace

Result<Json> parse_message(std::string_view text) {
    JsonFault fault;
    Json message = parse_json(text, kLimits, &fault);
    if (!message.is_discarded()) return message;
    const auto refused = [](std::string_view reason) {
        return Error{ErrorCode::Invalid, fmt::format("cannot parse 'message': {}", reason)};
    };
    switch (fault.kind) {
        case JsonFault::Kind::TooDeep:
            return refused("nested too deeply");
        case JsonFault::Kind::TooMuch:
            return refused("too many values");
        case JsonFault::Kind::OutOfRange:
            return refused("a number is out of range");
        case JsonFault::Kind::NotJson:
            break;
    }
    return refused(fmt::format("not JSON at byte {}", fault.byte));
}

Envelope envelope(std::string_view text) {
    EnvelopeReader reader;
    Json::sax_parse(text.substr(0, kEnvelopeBytes), &reader);
    return reader.take();
}

Json with_advice(Json message, const Error& error) {
    if (is_retryable(error)) message["retryable"] = true;
    return message;
}

WireMessage text_message(const Json& message) {
    return {.text = true, .bytes = message.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace kpm::render
