#pragma once
// The JSON of a client's message: parsing it within bounds, and a look at its envelope without parsing all of
// it. Pure and total.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/json.h"
#include "ipc/base/result.h"
#include "render-worker/server/protocol.h"

namespace kpm::render {

// Bytes of a `requestId` that is repeated; it is in every message of the reply.
inline constexpr std::size_t kMaxRequestId = 256;

// Errors: Invalid (not JSON, a number out of range, nested deeper than 64, too many values, four million: a
// message of brackets would become twenty times its size in memory).
Result<Json> parse_message(std::string_view text);

// What can be told of a message from its beginning (a megabyte).
struct Envelope {
    std::optional<std::string> type;  // its `type`, when that is a text
    Json request_id;                  // its `requestId`, when that is a short text or a number; else null
    bool has_type = false;            // whatever it is, other than null
    // One of genomeString, genomeId, genome: in a message without a type they tell the format.
    std::string genome_key;
};

Envelope envelope(std::string_view text);

// `message` with the `retryable` that a failure's message has, see protocol.h.
Json with_advice(Json message, const Error& error);

// `message` as text. Never throws: bytes of a client may be quoted in it.
WireMessage text_message(const Json& message);

}  // namespace kpm::render
