#include "ipc/rpc_message.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "ipc/protocol.h"

namespace kpm::ipc {
namespace {

constexpr std::array<std::pair<ErrorCode, std::string_view>, 6> kCodeNames{{
    {ErrorCode::NotFound, "not_found"},
    {ErrorCode::Exists, "exists"},
    {ErrorCode::Denied, "denied"},
    {ErrorCode::Invalid, "invalid"},
    {ErrorCode::Unavailable, "unavailable"},
    {ErrorCode::Io, "io"},
}};

std::optional<ErrorCode> code_named(const Json& name) {
    if (!name.is_string()) return std::nullopt;
    for (const auto& [code, text] : kCodeNames)
        if (name == text) return code;
    return std::nullopt;
}

std::string_view name_of(ErrorCode code) {
    for (const auto& [known, text] : kCodeNames)
        if (known == code) return text;
    return "io";
}

Error malformed(std::string_view what, std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot read a {}: {}", what, reason)};
}

// The message and the id around it; the id is always the last argument.
struct Envelope {
    Json message;
    std::string id;
    bool is_too_much = false;  // for the limits: `message` is discarded
};

Result<Envelope> open_envelope(const AmpFrame& frame, std::string_view what, const JsonLimits& limits = {}) {
    if (frame.args.size() < 2) return malformed(what, "it has no id");
    const AmpArg& id = frame.args.back();
    if (id.kind != AmpKind::Text) return malformed(what, "its id is no text");
    const AmpArg& message = frame.args.front();
    if (message.kind != AmpKind::Json) return Envelope{Json(Json::value_t::discarded), id.body};
    JsonFault fault;
    Json parsed = parse_json(message.body, limits, &fault);
    const bool is_too_much = parsed.is_discarded() && fault.kind == JsonFault::Kind::TooMuch;
    return Envelope{std::move(parsed), id.body, is_too_much};
}

std::string seal(const Json& message, const std::string& id) {
    return encode_frame({{json_arg(message), text_arg(id)}});
}

Json json_of(const Failure& failure) {
    Json message{{"error", failure.error}};
    if (!failure.stack.empty()) message["stack"] = failure.stack;
    if (failure.code) message["code"] = name_of(*failure.code);
    return message;
}

Json json_of(const MethodNames& methods) {
    Json list = Json::object();
    for (const std::string& name : methods.names) list[name] = {{"name", name}, {"params", Json::array()}};
    return {{"methods", std::move(list)}};
}

constexpr std::string_view kValuesBegin = R"({"args":[)";
constexpr std::string_view kValuesEnd = "]}";

// A list of processes is large: no other tree is made of it for the text around it.
AmpArg arg_of(const Values& values) {
    AmpArg arg = json_arg(values.args);
    arg.body.insert(0, kValuesBegin.substr(0, kValuesBegin.size() - 1));
    arg.body += '}';
    return arg;
}

template <class Other>
AmpArg arg_of(const Other& result) {
    return json_arg(json_of(result));
}

template <class Other>
std::string frame_of(const Other& result, const std::string& id) {
    return encode_frame({{arg_of(result), text_arg(id)}});
}

std::string frame_of(const ValueText& value, const std::string& id) {
    AmpAround around = frame_around(value, id);
    return std::move(around.before) + value.json + around.after;
}

Reply refusal(std::string id, std::string_view text) {
    return {std::move(id), Failure{std::string(text), {}, {}}};
}

}  // namespace

const Json& Request::arg(std::size_t index) const {
    static const Json kNull;
    return index < args.size() ? args[index] : kNull;
}

std::string Failure::message() const {
    return error.is_string() ? error.get<std::string>() : error.dump();
}

Reply value_reply(std::string id, Json value) {
    Json args = Json::array();
    args.push_back(std::move(value));
    return {std::move(id), Values{std::move(args)}};
}

Reply error_reply(std::string id, const Error& error) {
    return {std::move(id), Failure{error.message, {}, error.code}};
}

Reply unknown_method_reply(const Request& request) {
    return refusal(request.id, fmt::format("method \"{}\" does not exist", request.method));
}

Result<Incoming> decode_request(const AmpFrame& frame) {
    Result<Envelope> envelope = open_envelope(frame, "request", {.parts = kMaxRequestParts});
    if (!envelope) return envelope.error();
    auto& [message, id, is_too_much] = *envelope;
    if (is_too_much)
        return Incoming(
            refusal(std::move(id),
                    fmt::format("cannot read a request: more than {} names and values", kMaxRequestParts)));
    if (!message.is_object()) return Incoming(refusal(std::move(id), ".method required"));
    if (const auto type = message.find("type"); type != message.end() && *type == "methods")
        return Incoming(MethodsQuery{std::move(id)});
    const auto method = message.find("method");
    if (method == message.end() || !method->is_string() || method->get_ref<const std::string&>().empty())
        return Incoming(refusal(std::move(id), ".method required"));
    const auto args = message.find("args");
    if (args == message.end() || !args->is_array()) return Incoming(refusal(std::move(id), ".args required"));
    return Incoming(Request{std::move(method->get_ref<std::string&>()), std::move(*args), std::move(id)});
}

Result<Reply> decode_reply(const AmpFrame& frame) {
    Result<Envelope> envelope = open_envelope(frame, "reply");
    if (!envelope) return envelope.error();
    auto& message = envelope->message;
    auto& id = envelope->id;
    if (!message.is_object()) return malformed("reply", "it is no JSON object");
    if (const auto error = message.find("error"); error != message.end()) {
        Failure failure{std::move(*error), {}, {}};
        if (const auto stack = message.find("stack"); stack != message.end() && stack->is_string())
            failure.stack = stack->get<std::string>();
        if (const auto code = message.find("code"); code != message.end()) failure.code = code_named(*code);
        return Reply{std::move(id), std::move(failure)};
    }
    if (const auto methods = message.find("methods"); methods != message.end() && methods->is_object()) {
        MethodNames names;
        for (const auto& [name, description] : methods->items()) names.names.push_back(name);
        return Reply{std::move(id), std::move(names)};
    }
    const auto args = message.find("args");
    if (args == message.end() || !args->is_array())
        return malformed("reply", "it has neither args nor error");
    return Reply{std::move(id), Values{std::move(*args)}};
}

std::string_view reply_id(const AmpFrame& frame) {
    const bool has_id = frame.args.size() >= 2 && frame.args.back().kind == AmpKind::Text;
    return has_id ? std::string_view(frame.args.back().body) : std::string_view();
}

std::string_view value_text(const AmpFrame& frame) {
    if (reply_id(frame).empty() || frame.args.front().kind != AmpKind::Json) return {};
    std::string_view text = frame.args.front().body;
    if (!text.starts_with(kValuesBegin) || !text.ends_with(kValuesEnd)) return {};
    text.remove_prefix(kValuesBegin.size());
    text.remove_suffix(kValuesEnd.size());
    return text;
}

Result<Event> decode_event(const AmpFrame& frame) {
    if (frame.args.size() < 2 || frame.args[0].kind != AmpKind::Text || frame.args[1].kind != AmpKind::Json)
        return malformed("event", "it is no topic and JSON");
    Json payload = parse_json(frame.args[1].body);
    if (payload.is_discarded()) return malformed("event", "its payload is no JSON");
    return Event{frame.args[0].body, std::move(payload)};
}

std::string encode(const Request& request) {
    AmpArg arg = json_arg(request.args);  // no other tree is made of it: environments are large
    arg.body.insert(0, R"({"type":"call","method":)" + json_arg(request.method).body + R"(,"args":)");
    arg.body += '}';
    return encode_frame({{std::move(arg), text_arg(request.id)}});
}

std::string encode(const MethodsQuery& query) {
    return seal({{"type", "methods"}}, query.id);
}

std::string encode(const Reply& reply) {
    return std::visit([&](const auto& result) { return frame_of(result, reply.id); }, reply.result);
}

AmpAround frame_around(const ValueText& value, std::string_view id) {
    return frame_around(value.json.size(), {std::string(kValuesBegin), std::string(kValuesEnd)}, id);
}

std::string encode_event(std::string_view topic, const Json& payload) {
    return encode_frame({{text_arg(std::string(topic)), json_arg(payload)}});
}

}  // namespace kpm::ipc
