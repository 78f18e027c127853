#include "render-worker/genome/genome.h"

#include "ipc/base/json.h"
#include "render-worker/genome/genome_error.h"
#include "render-worker/genome/json_text.h"

namespace kpm::render {
namespace {

constexpr int kMaxWrappings = 3;

// Replaces a text by the JSON it holds.
Result<void> unquote(Json& value, std::string_view place) {
    if (!value.is_string()) return {};
    auto inner = parse_json_text(value.get_ref<const std::string&>(), place);
    if (!inner) return std::move(inner).error();
    value = std::move(*inner);
    return {};
}

bool has(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && !it->is_null();
}

Result<Json> unwrap(Json value) {
    if (auto done = unquote(value, "genome"); !done) return done.error();
    for (int level = 0; level < kMaxWrappings; ++level) {
        if (!value.is_object()) return genome_error("genome", "not an object");
        if (has(value, "asNEATPatch")) return value;
        const char* key = has(value, "genome") ? "genome" : has(value, "data") ? "data" : nullptr;
        if (key == nullptr) break;
        Json inner = std::move(value[key]);
        value = std::move(inner);
        if (auto done = unquote(value, key); !done) return done.error();
    }
    if (value.is_object() && has(value, "asNEATPatch")) return value;
    return genome_error("asNEATPatch", "missing");
}

}  // namespace

Result<Genome> parse_genome(const Json& json) {
    // The caller's value may come from a parser without a bound, and copying it recurses.
    if (nested_too_deeply(json)) return genome_error("genome", "nested too deeply");
    auto unwrapped = unwrap(json);
    if (!unwrapped) return std::move(unwrapped).error();

    Genome genome;
    auto patch = parse_patch((*unwrapped)["asNEATPatch"]);
    if (!patch) return std::move(patch).error();
    genome.patch = std::move(*patch);

    if (has(*unwrapped, "waveNetwork")) {
        Json wave_network = std::move((*unwrapped)["waveNetwork"]);
        if (auto done = unquote(wave_network, "waveNetwork"); !done) return done.error();
        auto network = WaveNetwork::parse(wave_network);
        if (!network) return std::move(network).error();
        genome.network = std::move(*network);
    }
    return genome;
}

}  // namespace kpm::render
