#include "render-worker/server/any_protocol.h"

#include <fmt/format.h>

#include <utility>

#include "render-worker/server/message_json.h"

namespace kpm::render {
namespace {

bool is_render_type(const std::string& type) {
    return type == kRenderRequestType || type == "playback-position";
}

}  // namespace

std::variant<RenderTask, Reply> AnyProtocol::read(std::string_view text) const {
    Result<Json> message = parse_message(text);
    if (!message) return pcm_.refusal(text, message.error());
    if (!message->is_object())
        return pcm_.refusal(
            text, {ErrorCode::Invalid,
                   fmt::format("cannot read 'message': expected an object, found {}", message->type_name())});
    const auto type = message->find("type");
    if (type == message->end() || type->is_null()) return float_.read_object(*std::move(message));
    if (type->is_string() && is_render_type(type->get<std::string>()))
        return render_.read_object(*std::move(message));
    if (*type == kPcmRequestType) return pcm_.read_object(*std::move(message));
    return Reply{
        .messages = {text_message(
            {{"type", "error"},
             {"message", fmt::format("unknown message type '{}', expected '{}' or '{}'",
                                     type->is_string() ? type->get<std::string>() : type->type_name(),
                                     kPcmRequestType, kRenderRequestType)}})}};
}

Reply AnyProtocol::sound(const RenderTask& task, RenderedSound sound) const {
    return task.format->sound(task, std::move(sound));
}

Reply AnyProtocol::failure(const RenderTask& task, const Error& error) const {
    return task.format->failure(task, error);
}

Reply AnyProtocol::refusal(std::string_view message, const Error& error) const {
    const Envelope found = envelope(message);
    if (found.type && is_render_type(*found.type)) return render_.refusal(message, error);
    const bool is_float =
        !found.has_type && (found.genome_key == "genomeString" || found.genome_key == "genomeId");
    return is_float ? float_.refusal(message, error) : pcm_.refusal(message, error);
}

}  // namespace kpm::render
