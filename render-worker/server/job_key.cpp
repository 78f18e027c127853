#include "render-worker/server/job_key.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace kpm::render {
namespace {

std::size_t text_hash(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

// Any value of a client's message: what is no UTF-8 must not throw.
std::size_t genome_hash(const Json& genome) {
    if (genome.is_string()) return text_hash(genome.get_ref<const std::string&>());
    return text_hash(genome.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

JobKey job_key(const RenderTask& task) {
    const RenderRequest& r = task.request;
    const auto ratio = r.note_ratio.value_or(std::pair(0.0, 0.0));
    const SignalPart part = r.part.value_or(SignalPart{});
    return text_hash(fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {} {} {}", genome_hash(task.genome),
                                 r.duration, r.note_delta, ratio.first, ratio.second, r.velocity,
                                 r.sample_rate, r.reverse, r.use_overtone_inharmonicity_factors,
                                 r.frequency_updates_apply_to_all, r.anti_aliasing, part.offset, part.count,
                                 static_cast<int>(r.output), r.channels, task.gpu_allowed));
}

JobKey message_key(std::string_view message) {
    return text_hash(message);
}

}  // namespace kpm::render
