#include "render-worker/server/float_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "render-worker/server/message_json.h"
#include "render-worker/server/request_fields.h"
#include "render-worker/signal_maker.h"

namespace kpm::render {
namespace {

// The connection stays open, as with the original.
Reply mistaken(std::string_view message) {
    return {.messages = {text_message({{"error", message}})}};
}

Reply failed_and_closed(const Error& error) {
    const Json message = {{"error", error.message}};
    return {.messages = {text_message(with_advice(message, error)), {.text = false, .bytes = {}}},
            .after = After::CloseWithoutCode};
}

void read_part(RequestFields& fields, RenderRequest& request) {
    SignalPart part;
    fields.count("sampleCountToActivate", part.count, static_cast<std::size_t>(kMaxSamples));
    fields.count("sampleOffset", part.offset, static_cast<std::size_t>(kMaxSamples));
    if (fields.error() || (part.count == 0 && part.offset == 0)) return;
    const std::size_t all = sound_samples(request);
    if (part.count == 0) part.count = all - std::min(all, part.offset);
    request.part = part;
}

}  // namespace

std::string to_float32(const std::vector<float>& samples) {
    static_assert(std::endian::native == std::endian::little);
    std::string bytes(samples.size() * sizeof(float), '\0');
    if (!samples.empty()) std::memcpy(bytes.data(), samples.data(), bytes.size());
    return bytes;
}

std::variant<RenderTask, Reply> FloatProtocol::read(std::string_view text) const {
    Result<Json> message = parse_message(text);
    if (!message) return mistaken(message.error().message);
    if (!message->is_object())
        return mistaken(
            fmt::format("cannot read 'message': expected an object, found {}", message->type_name()));
    return read_object(*std::move(message));
}

std::variant<RenderTask, Reply> FloatProtocol::read_object(Json message) const {
    RequestFields fields(message);
    RenderTask task{.format = this};
    const Json* genome = fields.find("genomeString");
    if (genome && !genome->is_string()) {
        fields.wrong_type("genomeString", "a string", *genome);
    } else if (!genome) {
        const std::string id = fields.id("genomeId");
        const std::string run = fields.id("evoRunId");
        if (!fields.error() && id.empty()) return mistaken("Must provide either genomeId or genomeString");
        if (!fields.error() && run.empty()) fields.fail("cannot read 'evoRunId': it is missing");
        task.address = {GenomeAddress::Kind::Url, genome_url(genome_server_, run, id)};
    }
    task.request.use_overtone_inharmonicity_factors = false;
    fields.sound(task.request);
    fields.flag("useGPU", task.gpu_allowed);
    fields.check_length(task.request);
    if (!fields.error()) read_part(fields, task.request);
    if (fields.error()) return failed_and_closed(*fields.error());
    if (genome) task.genome = std::move(message["genomeString"]);
    return task;
}

Reply FloatProtocol::sound(const RenderTask&, RenderedSound sound) const {
    return {.messages = {{.text = false, .bytes = to_float32(sound.samples)}},
            .after = After::CloseWithoutCode};
}

Reply FloatProtocol::failure(const RenderTask&, const Error& error) const {
    return failed_and_closed(error);
}

Reply FloatProtocol::refusal(std::string_view, const Error& error) const {
    return failed_and_closed(error);
}

}  // namespace kpm::render
