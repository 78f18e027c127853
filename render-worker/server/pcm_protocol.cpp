#include "render-worker/server/pcm_protocol.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "render-worker/genome/json_text.h"

namespace kpm::render {
namespace {

constexpr const char* kRequestType = "get_audio_data";

Error wrong_type(std::string_view field, std::string_view expected, const Json& found) {
    return {ErrorCode::Invalid,
            fmt::format("cannot read '{}': expected {}, found {}", field, expected, found.type_name())};
}

// A missing or null field keeps its default, as `undefined` does in the original.
const Json* find(const Json& message, const char* field) {
    const auto it = message.find(field);
    return it == message.end() || it->is_null() ? nullptr : &*it;
}

std::optional<Error> read_number(const Json& message, const char* field, double& target) {
    const Json* value = find(message, field);
    if (!value) return std::nullopt;
    if (!value->is_number()) return wrong_type(field, "a number", *value);
    target = value->get<double>();
    return std::nullopt;
}

std::optional<Error> read_flag(const Json& message, const char* field, bool& target) {
    const Json* value = find(message, field);
    if (!value) return std::nullopt;
    if (value->is_number()) {  // JavaScript's clients may send 0 and 1
        target = value->get<double>() != 0;
        return std::nullopt;
    }
    if (!value->is_boolean()) return wrong_type(field, "true or false", *value);
    target = value->get<bool>();
    return std::nullopt;
}

std::optional<Error> read_note_delta(const Json& message, RenderRequest& request) {
    const Json* value = find(message, "noteDelta");
    if (!value) return std::nullopt;
    if (value->is_number()) {
        request.note_delta = value->get<double>();
        return std::nullopt;
    }
    const Json* r1 = value->is_object() ? find(*value, "r1") : nullptr;
    const Json* r2 = value->is_object() ? find(*value, "r2") : nullptr;
    if (!r1 || !r2 || !r1->is_number() || !r2->is_number())
        return wrong_type("noteDelta", "a number or {r1, r2}", *value);
    request.note_ratio = {r1->get<double>(), r2->get<double>()};
    return std::nullopt;
}

std::optional<Error> read_genome(Json& message, Json& genome) {
    if (const Json* value = find(message, "genomeString")) {
        if (!value->is_string() && !value->is_object())
            return wrong_type("genomeString", "a string or an object", *value);
        genome = std::move(message["genomeString"]);
        return std::nullopt;
    }
    if (find(message, "genomeStringUrl"))
        return Error{ErrorCode::Invalid,
                     "cannot fetch 'genomeStringUrl': genomes by URL are not supported, send genomeString"};
    return Error{ErrorCode::Invalid, "cannot read 'genomeString': it is missing"};
}

std::optional<Error> check_length(const RenderRequest& request) {
    const double samples = request.duration * request.sample_rate;
    if (!(request.duration > 0) || !(request.sample_rate > 0))
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot render '{} s at {} Hz': both must be more than 0", request.duration,
                                 request.sample_rate)};
    if (!(samples <= kMaxSamples))
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot render '{} s at {} Hz': more than {:.0f} samples", request.duration,
                                 request.sample_rate, kMaxSamples)};
    return std::nullopt;
}

std::optional<Error> read_task(Json& message, RenderTask& task) {
    RenderRequest& request = task.request;
    std::optional<Error> error = read_genome(message, task.genome);
    if (!error) error = read_number(message, "duration", request.duration);
    if (!error) error = read_note_delta(message, request);
    if (!error) error = read_number(message, "velocity", request.velocity);
    if (!error) error = read_number(message, "sampleRate", request.sample_rate);
    if (!error) error = read_flag(message, "reverse", request.reverse);
    if (!error)
        error =
            read_flag(message, "useOvertoneInharmonicityFactors", request.use_overtone_inharmonicity_factors);
    // The misspelling is the protocol's.
    if (!error)
        error = read_flag(message, "frequencyUpdatesApplyToAllPathcNetworkOutputs",
                          request.frequency_updates_apply_to_all);
    if (!error) error = read_flag(message, "antiAliasing", request.anti_aliasing);
    if (!error) error = read_flag(message, "useGPU", task.gpu_allowed);
    if (!error) error = check_length(request);
    return error;
}

WireMessage error_text(std::string_view message) {
    const Json text = {{"type", "error"}, {"message", message}};
    // A client's bytes may be quoted in the message: never throw for bad UTF-8.
    return {.text = true, .bytes = text.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

// Exceptions of the parser are the only source of the byte offset.
Result<Json> parse(std::string_view text) {
    try {
        Json value = Json::parse(text);
        if (nested_too_deeply(value))
            return Error{ErrorCode::Invalid, "cannot parse 'message': nested too deeply"};
        return value;
    } catch (const Json::parse_error& error) {
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot parse 'message': not JSON at byte {}", error.byte)};
    } catch (const Json::exception&) {
        return Error{ErrorCode::Invalid, "cannot parse 'message': a number is out of range"};
    }
}

}  // namespace

std::variant<RenderTask, Reply> PcmProtocol::read(std::string_view text) const {
    Result<Json> message = parse(text);
    if (!message) return failure(nullptr, message.error());
    if (!message->is_object()) return failure(nullptr, wrong_type("message", "an object", *message));
    const Json* type = find(*message, "type");
    if (!type || *type != kRequestType) {
        const std::string found = type && type->is_string() ? type->get<std::string>() : "none";
        return Reply{.messages = {error_text(
                         fmt::format("unknown message type '{}', expected '{}'", found, kRequestType))}};
    }
    RenderTask task;
    if (const std::optional<Error> error = read_task(*message, task)) return failure(&task, *error);
    return task;
}

Reply PcmProtocol::sound(const RenderTask&, const RenderedSound& sound) const {
    return {.messages = {{.text = false, .bytes = to_pcm16(sound.samples)}}};
}

Reply PcmProtocol::failure(const RenderTask*, const Error& error) const {
    return {.messages = {error_text(error.message), {.text = false, .bytes = {}}}};
}

}  // namespace kpm::render
