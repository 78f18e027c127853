#include "render-worker/server/render_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "render-worker/server/float_protocol.h"
#include "render-worker/server/message_json.h"
#include "render-worker/server/request_fields.h"

namespace kpm::render {
namespace {

constexpr double kSampleRate = 48000;
constexpr std::size_t kChunk = 4096;          // samples
constexpr std::size_t kMaxBatchChannels = 8;  // of the audio graph
constexpr std::size_t kShortMessage = 4096;   // bytes

Json of_type(const char* type, const Json& request_id) {
    Json message = {{"type", type}};
    if (!request_id.is_null()) message["requestId"] = request_id;
    return message;
}

Reply error_reply(const Json& request_id, std::string_view text) {
    Json message = of_type("error", request_id);
    message["message"] = text;
    return {.messages = {text_message(message)}};
}

Reply error_reply(const Json& request_id, const Error& error) {
    Json message = of_type("error", request_id);
    message["message"] = error.message;
    return {.messages = {text_message(with_advice(std::move(message), error))}};
}

// The sound of one request as the messages that carry it.
class Chunks {
public:
    Chunks(std::vector<float> samples, double duration, Json request_id)
        : samples_(std::move(samples)), duration_(duration), request_id_(std::move(request_id)) {}

    std::optional<WireMessage> next() {
        if (completed_) return std::nullopt;
        if (done_ < samples_.size()) return chunk();
        completed_ = true;
        return complete(index_);
    }

    WireMessage batch_result() const {
        Json message = of_type("batch-result", request_id_);
        add_totals(message);
        return text_message(message);
    }

    WireMessage complete(std::size_t chunks) const {
        Json message = of_type("complete", request_id_);
        message["totalChunks"] = chunks;
        add_totals(message);
        return text_message(message);
    }

private:
    WireMessage chunk() {
        const std::size_t end = std::min(samples_.size(), done_ + kChunk);
        Json data = Json::array();
        for (; done_ < end; ++done_) data.push_back(double{samples_[done_]});
        Json message = of_type("chunk", request_id_);
        message["index"] = ++index_;
        message["data"] = std::move(data);
        message["timestamp"] = static_cast<double>(done_) / kSampleRate;
        message["sampleRate"] = static_cast<int>(kSampleRate);
        return text_message(message);
    }

    void add_totals(Json& message) const {
        message["totalSamples"] = samples_.size();
        message["duration"] = duration_;
        message["sampleRate"] = static_cast<int>(kSampleRate);
    }

    std::vector<float> samples_;
    double duration_;
    Json request_id_;
    std::size_t done_ = 0;
    std::size_t index_ = 0;
    bool completed_ = false;
};

// JavaScript's notion of a flag that is set.
bool is_set(const Json* value) {
    if (!value) return false;
    if (value->is_boolean()) return value->get<bool>();
    if (value->is_number()) return value->get<double>() != 0;
    return !value->is_string() || !value->get_ref<const std::string&>().empty();
}

// Null when there is none that can be repeated.
Json request_id_of(RequestFields& fields) {
    const Json* id = fields.find("requestId");
    if (!id) return {};
    const bool is_short = id->is_string() && id->get_ref<const std::string&>().size() <= kMaxRequestId;
    if (is_short || id->is_number()) return *id;
    fields.fail(fmt::format("cannot read 'requestId': neither a number nor a string of at most {} bytes",
                            kMaxRequestId));
    return {};
}

}  // namespace

WireMessage RenderProtocol::welcome() {
    return text_message({{"type", "welcome"},
                         {"message", "Connected to Kromosynth Render Socket"},
                         {"sampleRate", static_cast<int>(kSampleRate)}});
}

bool RenderProtocol::ignores(std::string_view message) const {
    return message.size() <= kShortMessage && envelope(message).type == "playback-position";
}

std::variant<RenderTask, Reply> RenderProtocol::read(std::string_view text) const {
    Result<Json> message = parse_message(text);
    if (!message) return error_reply({}, message.error().message);
    if (!message->is_object())
        return error_reply(
            {}, fmt::format("cannot read 'message': expected an object, found {}", message->type_name()));
    return read_object(*std::move(message));
}

std::variant<RenderTask, Reply> RenderProtocol::read_object(Json message) const {
    RequestFields fields(message);
    const Json request_id = request_id_of(fields);
    const Json* type = fields.find("type");
    if (type && *type == "playback-position") return Reply{};  // a long one
    if (!type || *type != kRenderRequestType) {
        const std::string found = !type               ? "undefined"
                                  : type->is_string() ? type->get<std::string>()
                                                      : type->dump();
        return error_reply(request_id, "Unknown message type: " + found);
    }
    const bool is_legacy = is_set(fields.find("legacyBatch"));
    const bool is_batch =
        is_legacy || is_set(fields.find("batch")) || is_set(fields.find("controlledResume"));
    RenderTask task{
        .gpu_allowed = false, .context = {{"requestId", request_id}, {"batch", is_batch}}, .format = this};
    RenderRequest& request = task.request;
    const Json* genome = fields.find("genome");
    if (genome && !genome->is_object() && !genome->is_string())
        fields.wrong_type("genome", "an object", *genome);
    if (!genome) {
        task.address = {GenomeAddress::Kind::DatabaseId, fields.id("genomeId")};
        if (task.address->text.empty())
            fields.fail("cannot read 'genome': neither genome nor genomeId is given");
    }
    request.use_overtone_inharmonicity_factors = false;
    fields.sound(request);
    request.sample_rate = kSampleRate;
    fields.flag("useGPU", task.gpu_allowed);
    request.output = is_legacy ? OutputStage::Summed : output_;
    if (request.output == OutputStage::Summed) {
        request.channels = kMaxBatchChannels;
        fields.count("batchChannels", request.channels, kMaxBatchChannels);
        if (request.channels == 0) fields.fail("cannot read 'batchChannels': it must be at least 1");
    }
    fields.check_length(request);
    if (fields.error()) return error_reply(request_id, fields.error()->message);
    if (genome) task.genome = std::move(message["genome"]);
    return task;
}

Reply RenderProtocol::sound(const RenderTask& task, RenderedSound sound) const {
    const Json& request_id = task.context.at("requestId");
    if (task.context.at("batch").get<bool>()) {
        std::string bytes = to_float32(sound.samples);
        const Chunks whole(std::move(sound.samples), task.request.duration, request_id);
        return {
            .messages = {whole.batch_result(), {.text = false, .bytes = std::move(bytes)}, whole.complete(1)},
            .greeting = welcome()};
    }
    const std::size_t held = sound.samples.size() * sizeof(float);
    const auto chunks = std::make_shared<Chunks>(std::move(sound.samples), task.request.duration, request_id);
    Reply reply{.greeting = welcome(), .rest = [chunks] { return chunks->next(); }, .rest_bytes = held};
    if (std::optional<WireMessage> first = chunks->next()) reply.messages.push_back(*std::move(first));
    return reply;
}

Reply RenderProtocol::failure(const RenderTask& task, const Error& error) const {
    // The original's words; its clients show them.
    const bool is_missing = error.code == ErrorCode::NotFound && task.address &&
                            task.address->kind == GenomeAddress::Kind::DatabaseId;
    const Json& request_id = task.context.at("requestId");
    Reply reply = is_missing ? error_reply(request_id, fmt::format("Genome {} not found", task.address->text))
                             : error_reply(request_id, error);
    reply.greeting = welcome();
    return reply;
}

Reply RenderProtocol::refusal(std::string_view message, const Error& error) const {
    return error_reply(envelope(message).request_id, error);
}

}  // namespace kpm::render
