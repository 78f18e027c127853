#include "render-worker/server/pcm_protocol.h"

#include <fmt/format.h>

#include "render-worker/server/message_json.h"
#include "render-worker/server/request_fields.h"

namespace kpm::render {
namespace {

Reply failed_job(const Error& error) {
    const Json message = {{"type", "error"}, {"message", error.message}};
    return {.messages = {text_message(with_advice(message, error)), {.text = false, .bytes = {}}}};
}

}  // namespace

std::variant<RenderTask, Reply> PcmProtocol::read(std::string_view text) const {
    Result<Json> message = parse_message(text);
    if (!message) return failed_job(message.error());
    if (!message->is_object())
        return failed_job(
            {ErrorCode::Invalid,
             fmt::format("cannot read 'message': expected an object, found {}", message->type_name())});
    return read_object(*std::move(message));
}

std::variant<RenderTask, Reply> PcmProtocol::read_object(Json message) const {
    RequestFields fields(message);
    const Json* type = fields.find("type");
    if (!type || *type != kPcmRequestType) {
        const std::string found = type && type->is_string() ? type->get<std::string>() : "none";
        return Reply{
            .messages = {text_message({{"type", "error"},
                                       {"message", fmt::format("unknown message type '{}', expected '{}'",
                                                               found, kPcmRequestType)}})}};
    }
    RenderTask task{.format = this};
    const Json* genome = fields.find("genomeString");
    const Json* url = fields.find("genomeStringUrl");
    if (genome && !genome->is_string() && !genome->is_object())
        fields.wrong_type("genomeString", "a string or an object", *genome);
    else if (!genome && url && !url->is_string())
        fields.wrong_type("genomeStringUrl", "a string", *url);
    else if (!genome && url)
        task.address = {GenomeAddress::Kind::Url, as_seen_from_here(url->get<std::string>(), genome_server_)};
    else if (!genome)
        fields.fail("cannot read 'genomeString': it is missing");
    fields.sound(task.request);
    fields.flag("useGPU", task.gpu_allowed);
    fields.check_length(task.request);
    if (fields.error()) return failed_job(*fields.error());
    if (genome) task.genome = std::move(message["genomeString"]);
    return task;
}

Reply PcmProtocol::sound(const RenderTask&, RenderedSound sound) const {
    return {.messages = {{.text = false, .bytes = to_pcm16(sound.samples)}}};
}

Reply PcmProtocol::failure(const RenderTask&, const Error& error) const {
    return failed_job(error);
}

Reply PcmProtocol::refusal(std::string_view, const Error& error) const {
    return failed_job(error);
}

}  // namespace kpm::render
