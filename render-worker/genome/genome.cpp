#include "render-worker/genome/genome.h"

#include <list>
#include <string>
#include <string_view>
#include <utility>

#include "ipc/base/json.h"
#include "render-worker/genome/genome_error.h"
#include "render-worker/genome/json_text.h"

namespace kpm::render {
namespace {

constexpr int kMaxWrappings = 3;

bool has(const Json& object, const char* key) {
    const auto it = object.find(key);
    return it != object.end() && !it->is_null();
}

// Walks through the wrappings without copying what is in them.
class Unwrapper {
public:
    // The JSON that a text holds, in its place.
    Result<const Json*> unquoted(const Json& value, std::string_view place) {
        if (!value.is_string()) return &value;
        auto inner = parse_json_text(value.get_ref<const std::string&>(), place);
        if (!inner) return std::move(inner).error();
        return &parsed_.emplace_back(std::move(*inner));
    }

    Result<const Json*> unwrapped(const Json& wrapped) {
        auto value = unquoted(wrapped, "genome");
        for (int level = 0; value && level < kMaxWrappings; ++level) {
            if (!(*value)->is_object()) return genome_error("genome", "not an object");
            if (has(**value, "asNEATPatch")) return value;
            const char* key = has(**value, "genome") ? "genome" : has(**value, "data") ? "data" : nullptr;
            if (key == nullptr) break;
            value = unquoted((*value)->at(key), key);
        }
        if (value && (!(*value)->is_object() || !has(**value, "asNEATPatch")))
            return genome_error("asNEATPatch", "missing");
        return value;
    }

private:
    std::list<Json> parsed_;  // stays where it is
};

}  // namespace

Result<Genome> parse_genome(const Json& json) {
    // The caller's value may come from a parser without a bound, and walking through it recurses.
    if (nested_too_deeply(json)) return genome_error("genome", "nested too deeply");
    Unwrapper unwrapper;
    const auto unwrapped = unwrapper.unwrapped(json);
    if (!unwrapped) return unwrapped.error();
    const Json& inner = **unwrapped;

    Genome genome;
    auto patch = parse_patch(inner.at("asNEATPatch"));
    if (!patch) return std::move(patch).error();
    genome.patch = std::move(*patch);

    if (has(inner, "waveNetwork")) {
        const auto wave_network = unwrapper.unquoted(inner.at("waveNetwork"), "waveNetwork");
        if (!wave_network) return wave_network.error();
        auto network = WaveNetwork::parse(**wave_network);
        if (!network) return std::move(network).error();
        genome.network = std::move(*network);
    }
    return genome;
}

}  // namespace kpm::render
