#pragma once
// The messages in the frames: requests and replies of rpc.sock, events of pub.sock, exactly as PM2 shapes
// them. Pure: frames in, structs out, and back. docs/protocol.md has the prose.
//
//   request  j:{"type":"call","method":M,"args":[…]}  s:id        or  j:{"type":"methods"}  s:id
//   reply    j:{"args":[…]} | {"error":…,"stack":…} | {"methods":{…}}  s:id    in any order, matched by id
//   event    s:topic  j:payload

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ipc/amp_frame.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::ipc {

struct Request {
    std::string method;
    Json args = Json::array();
    std::string id;  // the client's, opaque; the reply repeats it

    // The argument, or null when the client sent fewer.
    const Json& arg(std::size_t index) const;
    bool operator==(const Request&) const = default;
};

struct MethodsQuery {
    std::string id;

    bool operator==(const MethodsQuery&) const = default;
};

// What a method answers. PM2's methods have one value or none.
struct Values {
    Json args = Json::array();

    bool operator==(const Values&) const = default;
};

// `error` is a text for an Error object, any JSON otherwise. `stack` is left out when empty; so is `code`,
// which PM2 does not know: with it kpm's own client gets the ErrorCode back.
struct Failure {
    Json error;
    std::string stack;
    std::optional<ErrorCode> code;

    std::string message() const;
    bool operator==(const Failure&) const = default;
};

struct MethodNames {
    std::vector<std::string> names;

    bool operator==(const MethodNames&) const = default;
};

// One value that is JSON text already. Only sent: what comes is read as Values.
struct ValueText {
    std::string json;

    bool operator==(const ValueText&) const = default;
};

struct Reply {
    std::string id;
    std::variant<Values, Failure, MethodNames, ValueText> result;

    bool operator==(const Reply&) const = default;
};

Reply value_reply(std::string id, Json value);
Reply error_reply(std::string id, const Error& error);
Reply unknown_method_reply(const Request& request);  // method "x" does not exist

struct Event {
    std::string topic;
    Json payload;

    bool operator==(const Event&) const = default;
};

// A Reply in the place of a request is the answer to a malformed call (".method required", ".args required").
using Incoming = std::variant<Request, MethodsQuery, Reply>;

// Error (Invalid): so malformed that there is no id to answer to; the caller closes the connection.
Result<Incoming> decode_request(const AmpFrame& frame);
Result<Reply> decode_reply(const AmpFrame& frame);
Result<Event> decode_event(const AmpFrame& frame);

// The values of a reply as they came, with commas between, without reading them: for what is only passed on.
// "" when the frame is no such reply, or has none. Of a daemon that writes as encode() does: what else stands
// in the object would be taken for values.
std::string_view value_text(const AmpFrame& frame);
// The id of a reply, "" = it has none.
std::string_view reply_id(const AmpFrame& frame);

std::string encode(const Request& request);
std::string encode(const MethodsQuery& query);
std::string encode(const Reply& reply);
// What encode() puts around the value.
AmpAround frame_around(const ValueText& value, std::string_view id);
std::string encode_event(std::string_view topic, const Json& payload);

}  // namespace kpm::ipc
