#include <algorithm>
#include <catch2/catch.hpp>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/genome/audio_plan.h"
#include "render-worker/genome/genome.h"

using namespace kpm::render;
using kpm::Json;

namespace {

Json edge_json(const PlanEdge& edge) {
    if (edge.to_destination) return "output";
    if (edge.parameter.empty()) return edge.target;
    return Json{{"key", edge.target}, {"destination", edge.parameter}};
}

void check_node(const PlanNode& node, const Json& stored) {
    CHECK(type_of(node.kind).plan_name == stored[0].get<std::string>());
    Json edges = Json::array();
    for (const PlanEdge& edge : node.edges) edges.push_back(edge_json(edge));
    CHECK(edges == stored[1]);
    const Json& properties = stored[2];
    if (node.kind == NodeKind::Gain) {
        const double gain = node.patch_node != nullptr ? node.patch_node->number_or("gain", 1) : node.weight;
        CHECK(gain == properties.at("gain").get<double>());
    }
    if (node.kind == NodeKind::Oscillator) {
        CHECK(node.oscillator_frequency() == Approx(properties.at("frequency").get<double>()).epsilon(1e-14));
        CHECK(node.patch_node->type.value_or("") == properties.at("type").get<std::string>());
    }
}

void check_output(const NetworkOutput& output, const Json& stored) {
    CHECK(output.frequency == Approx(stored.at("frequency").get<double>()).epsilon(1e-14));
    const std::string source = stored.at("networkOutput").get<std::string>();
    if (output.kind == SignalKind::Network)
        CHECK(std::to_string(output.index) == source);
    else
        CHECK(source.substr(0, 5) == "noise");
    std::size_t connections = 0;
    for (const auto& [target, list] : stored.at("audioGraphNodes").items()) {
        std::vector<NetworkOutput::Connection> mine;
        for (const auto& c : output.connections)
            if (c.target == target) mine.push_back(c);
        REQUIRE(mine.size() == list.size());
        for (std::size_t i = 0; i < mine.size(); ++i) {
            const Json& c = list[i];
            CHECK(mine[i].parameter ==
                  (c.at("paramName").is_null() ? "" : c.at("paramName").get<std::string>()));
            CHECK(mine[i].range == std::pair(c.at("range")[0].get<double>(), c.at("range")[1].get<double>()));
            CHECK(mine[i].weight == c.at("weight").get<double>());
            if (c.contains("partialNumber"))
                CHECK(mine[i].partial_number == c.at("partialNumber").get<double>());
        }
        connections += mine.size();
    }
    CHECK(connections == output.connections.size());
}

}  // namespace

TEST_CASE("plan: every stored graph of the reference is decoded alike, for all node types", "[unit][plan]") {
    std::size_t compared = 0;
    for (const auto& entry : golden::genomes()) {
        const auto genome = parse_genome(golden::read_json(entry.file));
        REQUIRE(genome);
        for (const auto& rendering : entry.renderings) {
            if (rendering.patch_file.empty()) continue;
            INFO(entry.id << ": " << rendering.label());
            const auto outputs = network_outputs(genome->patch, rendering.pitch());
            REQUIRE(outputs);
            const auto plan = decode_audio(genome->patch);
            REQUIRE(plan);
            const Json stored = golden::read_json(rendering.patch_file);

            REQUIRE(plan->size() == stored.at("audioGraph").size());
            std::size_t i = 0;
            for (const auto& [id, node] : stored.at("audioGraph").items()) {
                INFO(id);
                REQUIRE((*plan)[i].id == id);
                check_node((*plan)[i++], node);
            }
            REQUIRE(outputs->size() == stored.at("networkOutputs").size());
            for (std::size_t k = 0; k < outputs->size(); ++k) {
                INFO("network output " << k);
                check_output((*outputs)[k], stored.at("networkOutputs")[k]);
            }
            ++compared;
        }
    }
    CHECK(compared == 44);
}

TEST_CASE("plan: what leads nowhere is dropped, with the weights that led there", "[unit][plan]") {
    Patch patch;
    for (const auto& [id, name] :
         {std::pair("out", "GainNode"), {"add", "AdditiveNode"}, {"osc", "OscillatorNode"}})
        patch.nodes.push_back({id, name, {}, {}});
    patch.connections = {{.source = "osc", .target = "out"},
                         {.source = "osc", .target = "out"},
                         {.source = "osc", .target = "gone"},
                         {.source = "gone", .target = "out"},
                         {.source = "add", .target = "out"},
                         {.source = "osc", .target = "add", .parameter = "partialBuffer"},
                         {.source = "out", .to_destination = true}};
    const auto plan = plan_audio(patch, {});
    REQUIRE(plan);
    REQUIRE(plan->size() == 3);
    CHECK((*plan)[0].id == "out");
    CHECK((*plan)[0].edges == std::vector<PlanEdge>{{true, "", ""}});
    CHECK((*plan)[1].id == "osc");
    CHECK((*plan)[1].edges == std::vector<PlanEdge>{{false, "osc_out-weight", ""}});
    CHECK((*plan)[2].edges == std::vector<PlanEdge>{{false, "out", ""}});
}

// Each round of cleaning finds one of these, and after ten it is over.
TEST_CASE("plan: however long the chain of weights that lead nowhere, no edge does", "[unit][plan]") {
    Patch patch;
    patch.nodes.push_back({"a", "GainNode", {}, {}});
    std::string source = "a";
    for (int i = 0; i < 14; ++i) {
        const std::string target = "x" + std::to_string(i);
        patch.connections.push_back({.source = source, .target = target});
        source += "_" + target + "-weight";
    }
    const auto plan = plan_audio(patch, {});
    REQUIRE(plan);
    for (const PlanNode& node : *plan)
        for (const PlanEdge& edge : node.edges)
            CHECK((edge.to_destination || std::any_of(plan->begin(), plan->end(), [&](const PlanNode& other) {
                       return other.id == edge.target;
                   })));
}

TEST_CASE("plan: a note's ratio replaces its delta", "[unit][plan]") {
    CHECK(Pitch{.note_delta = 12}.transposed(100) == 200);
    CHECK(Pitch{.note_delta = 12, .note_ratio = std::pair(1.5, 2.0)}.transposed(100) == 300);
}
