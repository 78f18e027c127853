#include "render-worker/genome/network_outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {

constexpr std::array<std::string_view, 4> kOutputNodes = {"NetworkOutputNode", "NoteNetworkOutputNode",
                                                          "PartialNetworkOutputNode",
                                                          "PartialEnvelopeNetworkOutputNode"};

struct Source {
    SignalKind kind = SignalKind::Network;
    std::uint32_t index = 0;
};

std::optional<Source> parse_source(std::string_view type) {
    if (type == "noiseWhite") return Source{SignalKind::WhiteNoise, 0};
    if (type == "noisePink") return Source{SignalKind::PinkNoise, 0};
    if (type == "noiseBrown") return Source{SignalKind::BrownNoise, 0};
    Source source;
    const auto [end, error] = std::from_chars(type.data(), type.data() + type.size(), source.index);
    const bool whole = error == std::errc() && end == type.data() + type.size();
    return whole ? std::optional(source) : std::nullopt;
}

double frequency_of(const PatchNode& node) {
    const double offset = node.number("noteOffset").value_or(0);
    if (node.name == "NoteNetworkOutputNode" && offset != 0) return note_frequency(offset);
    return node.number("frequency").value_or(0);
}

enum class Feeds { Buffers, Partials, Others };

Feeds feeds(const PatchConnection& connection) {
    if (connection.parameter == "buffer") return Feeds::Buffers;
    return connection.parameter == "partialBuffer" ? Feeds::Partials : Feeds::Others;
}

class Splitter {
public:
    Splitter(const Patch& patch, const Pitch& pitch) : patch_(patch), pitch_(pitch) {}

    void split(const PatchNode& node, const Source& source, std::vector<NetworkOutput>& outputs) const {
        for (const Feeds group : {Feeds::Buffers, Feeds::Partials, Feeds::Others}) {
            NetworkOutput output;
            output.kind = source.kind;
            output.index = source.index;
            output.base_frequency = frequency_of(node);
            output.frequency = frequency(node, group);
            const double partial = node.number_or("partialNumber", 1);
            for (const auto& c : patch_.connections)
                if (c.source == node.id && feeds(c) == group)
                    output.connections.push_back({c.target, c.parameter, c.range, c.weight, partial});
            if (!output.connections.empty()) outputs.push_back(std::move(output));
        }
    }

private:
    double frequency(const PatchNode& node, Feeds group) const {
        const double base = frequency_of(node);
        const double transposed = pitch_.transposed(base);
        if (group == Feeds::Others) return pitch_.applies_to_all ? transposed : base;
        const double partial = node.number("partialNumber").value_or(1);
        if (group == Feeds::Buffers || partial <= 1) return transposed;
        const double shift =
            pitch_.use_inharmonicity ? transposed * node.number("inharmonicityFactor").value_or(0) : 0;
        return transposed * partial + shift;
    }

    const Patch& patch_;
    const Pitch& pitch_;
};

}  // namespace

double Pitch::transposed(double frequency) const {
    if (note_ratio) return frequency * note_ratio->first * note_ratio->second;
    return frequency * std::pow(2.0, 100.0 * note_delta / 1200.0);
}

// Two powers, as the reference takes them: one would give other bits.
double note_frequency(double note_offset) {
    return 440.0 * std::pow(std::pow(2.0, 1.0 / 12.0), note_offset);
}

bool is_network_output(const PatchNode& node) {
    return std::find(kOutputNodes.begin(), kOutputNodes.end(), node.name) != kOutputNodes.end();
}

Result<std::vector<NetworkOutput>> network_outputs(const Patch& patch, const Pitch& pitch) {
    std::vector<NetworkOutput> outputs;
    const Splitter splitter(patch, pitch);
    for (const PatchNode& node : patch.nodes) {
        if (!is_network_output(node) || !node.type || node.type->empty()) continue;
        const auto source = parse_source(*node.type);
        if (!source)
            return genome_error(fmt::format("node {}", in_quotes(node.id)),
                                fmt::format("{} is not a network output", in_quotes(*node.type)));
        splitter.split(node, *source, outputs);
    }
    return outputs;
}

}  // namespace kpm::render
