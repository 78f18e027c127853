#include "render-worker/genome/network.h"

#include <fmt/format.h>

#include <cassert>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include "ipc/base/json.h"
#include "render-worker/cppn/activations.h"
#include "render-worker/cppn/compile.h"
#include "render-worker/genome/fields.h"
#include "render-worker/genome/genome_error.h"

namespace kpm::render {
namespace {

constexpr std::uint32_t kMaxNodes = 20'000;
constexpr std::uint32_t kMaxConnections = 200'000;
constexpr std::size_t kMaxNetworks = 1'000;

class NetworkDecoder {
public:
    NetworkDecoder(const Json& json, std::string place, Fault& fault)
        : fields_(json, std::move(place), fault), fault_(fault) {}

    CppnNetwork decode() {
        decode_nodes();
        network_.input_count = fields_.count("inputNodeCount", kMaxNodes);
        network_.output_count = fields_.count("outputNodeCount", kMaxNodes);
        if (network_.bias_count + network_.input_count + network_.output_count > network_.activations.size())
            fields_.fault("nodes", "fewer nodes than inputs and outputs");
        decode_connections();
        return std::move(network_);
    }

private:
    void decode_nodes() {
        bool leading = true;
        const Json& nodes = fields_.list("nodes", kMaxNodes);
        for (std::size_t i = 0; i < nodes.size() && !fault_; ++i) {
            const Fields node(nodes[i], fmt::format("{}[{}]", fields_.place("nodes"), i), fault_);
            const auto gid = node.id("gid");
            if (!gid)
                node.fault("gid", "missing");
            else if (!index_.emplace(*gid, static_cast<std::uint32_t>(i)).second)
                node.fault("gid", fmt::format("{} occurs twice", in_quotes(*gid)));
            leading = leading && node.text("nodeType") == "Bias";
            if (leading) ++network_.bias_count;
            const auto name = node.text("activationFunction");
            const auto activation = name ? activation_named(*name) : std::nullopt;
            if (!activation)
                node.fault("activationFunction",
                           name ? in_quotes(*name) + " is not a known function" : "missing");
            network_.activations.push_back(activation.value_or(Activation::Null));
        }
    }

    void decode_connections() {
        const Json& connections = fields_.list("connections", kMaxConnections);
        for (std::size_t i = 0; i < connections.size() && !fault_; ++i) {
            const Fields connection(connections[i], fmt::format("{}[{}]", fields_.place("connections"), i),
                                    fault_);
            const auto weight = connection.number("weight");
            if (!weight) connection.fault("weight", "missing");
            const auto source = node_index(connection, "sourceID");
            const auto target = node_index(connection, "targetID");
            if (!fault_) network_.connections.push_back({source, target, *weight});
        }
    }

    std::uint32_t node_index(const Fields& connection, std::string_view key) const {
        const auto gid = connection.id(key);
        const auto it = gid ? index_.find(*gid) : index_.end();
        if (it != index_.end()) return it->second;
        connection.fault(key, gid ? fmt::format("no node {}", in_quotes(*gid)) : "missing");
        return 0;
    }

    Fields fields_;
    Fault& fault_;
    CppnNetwork network_;
    std::unordered_map<std::string, std::uint32_t> index_;
};

std::optional<double> parse_frequency(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    return whole && std::isfinite(value) ? std::optional(value) : std::nullopt;
}

// JavaScript's Math.round: halves go up.
double rounded(double value) {
    return std::floor(value + 0.5);
}

}  // namespace

Result<WaveNetwork> WaveNetwork::parse(const Json& wave_network) {
    WaveNetwork result;
    Fault fault;
    const Fields top(wave_network, "waveNetwork", fault);

    const auto add = [&](double frequency, const Json& holder, std::string place) {
        const Fields fields(holder, std::move(place), fault);
        const Json* offspring = fields.find("offspring");
        if (offspring == nullptr) return fields.fault("offspring", "missing");
        const CppnNetwork network = NetworkDecoder(*offspring, fields.place("offspring"), fault).decode();
        if (!fault) result.entries_.push_back({frequency, compile(network)});
    };

    const Json* per_frequency = top.find("oneCPPNPerFrequency");
    if (per_frequency == nullptr || *per_frequency == false) {
        add(0, wave_network, "waveNetwork");
    } else {
        const Json* networks = top.find("CPPNs");
        if (networks == nullptr || !networks->is_object() || networks->empty() ||
            networks->size() > kMaxNetworks)
            top.fault("CPPNs", fmt::format("not an object of 1 to {} networks", kMaxNetworks));
        else
            for (const auto& [key, holder] : networks->items()) {
                const std::string place = fmt::format("waveNetwork.CPPNs[{}]", in_quotes(key));
                if (const auto frequency = parse_frequency(key))
                    add(*frequency, holder, place);
                else
                    fault.set(place, "not a frequency");
                if (fault) break;
            }
    }
    if (fault) return fault.error();
    return result;
}

const CppnProgram& WaveNetwork::for_frequency(double base_frequency) const {
    assert(!empty());
    const double wanted = base_frequency < 20 ? rounded(base_frequency) : rounded(base_frequency / 10) * 10;
    const Entry* best = &entries_.front();
    for (const Entry& entry : entries_)
        if (std::abs(entry.frequency - wanted) < std::abs(best->frequency - wanted)) best = &entry;
    return best->program;
}

}  // namespace kpm::render
