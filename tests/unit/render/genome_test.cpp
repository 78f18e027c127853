#include "render-worker/genome/genome.h"

#include <catch2/catch.hpp>
#include <limits>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"

using namespace kpm::render;
using kpm::Json;

namespace {

// The reference's smallest genome, with patch and elements as objects, so that a test can change any of it.
Json opened() {
    Json genome = golden::read_json("genomes/s03_additive.json.gz").at("genome");
    Json patch = Json::parse(genome.at("asNEATPatch").get<std::string>());
    for (const char* list : {"nodes", "connections"})
        for (Json& element : patch[list]) element = Json::parse(element.get<std::string>());
    genome["asNEATPatch"] = patch;
    return genome;
}

std::string mistake(const Json& json) {
    const auto genome = parse_genome(json);
    REQUIRE_FALSE(genome);
    CHECK(genome.error().code == kpm::ErrorCode::Invalid);
    return genome.error().message;
}

// The message after one change at `pointer`.
std::string mistake_at(const char* pointer, Json value) {
    Json genome = opened();
    genome[Json::json_pointer(pointer)] = std::move(value);
    return mistake(genome);
}

constexpr const char* kNetwork = "cannot read genome: waveNetwork.offspring.";

}  // namespace

TEST_CASE("genome: every usual wrapping is opened", "[unit][genome]") {
    const Json bare = opened();
    CHECK(parse_genome(bare));
    CHECK(parse_genome(Json(bare.dump())));
    CHECK(parse_genome(Json{{"_id", "x"}, {"genome", bare}}));
    CHECK(parse_genome(Json{{"genome", Json{{"genome", bare}}}}));
    CHECK(parse_genome(Json{{"data", Json{{"genome", bare.dump()}}}}));
    Json twice = bare;
    twice["asNEATPatch"] = Json(Json(bare.at("asNEATPatch").dump()).dump());
    const auto genome = parse_genome(twice);
    REQUIRE(genome);
    CHECK(genome->patch.nodes.size() == 5);
}

TEST_CASE("genome: what is no genome is refused", "[unit][genome]") {
    CHECK(mistake(Json::object()) == "cannot read genome: asNEATPatch: missing");
    CHECK(mistake(Json()) == "cannot read genome: genome: not an object");
    CHECK(mistake(Json(7)) == "cannot read genome: genome: not an object");
    CHECK(mistake(Json::array()) == "cannot read genome: genome: not an object");
    CHECK(mistake(Json("{")) == "cannot read genome: genome: not valid JSON");
    CHECK(mistake(Json{{"genome", Json{{"genome", Json{{"genome", Json{{"genome", opened()}}}}}}}}) ==
          "cannot read genome: asNEATPatch: missing");
}

TEST_CASE("genome: deep nesting is refused, as text and as value", "[unit][genome]") {
    const std::string text = std::string(100'000, '[') + std::string(100'000, ']');
    CHECK(mistake(Json(text)) == "cannot read genome: genome: nested too deeply");
    Json value = Json::array();
    for (int depth = 0; depth < 200; ++depth) value = Json::array({std::move(value)});
    CHECK(mistake(Json{{"genome", value}}) == "cannot read genome: genome: nested too deeply");
    CHECK(mistake_at("/asNEATPatch/nodes/0", text) ==
          "cannot read genome: asNEATPatch.nodes[0]: not valid JSON");
}

TEST_CASE("genome: more values than a genome has are refused, as text in a text, too", "[unit][genome]") {
    std::string text = "[[]";
    for (int i = 0; i < (3 << 20); ++i) text += ",[]";
    CHECK(mistake(Json(text + "]")) == "cannot read genome: genome: too many values");
}

TEST_CASE("genome: a connection to a missing node is named", "[unit][genome]") {
    CHECK(mistake_at("/waveNetwork/offspring/connections/3/sourceID", "999") ==
          std::string(kNetwork) + "connections[3].sourceID: no node '999'");
    CHECK(mistake_at("/waveNetwork/offspring/connections/3/targetID", "a\nb") ==
          std::string(kNetwork) + "connections[3].targetID: no node 'a?b'");
}

TEST_CASE("genome: wrong types and absurd counts in the network are named", "[unit][genome]") {
    const std::string network = kNetwork;
    CHECK(mistake_at("/waveNetwork", Json::array()) == "cannot read genome: waveNetwork: not an object");
    CHECK(mistake_at("/waveNetwork/offspring", nullptr) ==
          "cannot read genome: waveNetwork.offspring: missing");
    CHECK(mistake_at("/waveNetwork/offspring/nodes", 3) == network + "nodes: not an array");
    CHECK(mistake_at("/waveNetwork/offspring/nodes/2", "x") == network + "nodes[2]: not an object");
    CHECK(mistake_at("/waveNetwork/offspring/nodes/2/gid", "0") ==
          network + "nodes[2].gid: '0' occurs twice");
    CHECK(mistake_at("/waveNetwork/offspring/nodes/4/activationFunction", "relu") ==
          network + "nodes[4].activationFunction: 'relu' is not a known function");
    CHECK(mistake_at("/waveNetwork/offspring/connections/0/weight", "1") ==
          network + "connections[0].weight: not a finite number");
    CHECK(
        mistake_at("/waveNetwork/offspring/connections/0/weight", std::numeric_limits<double>::quiet_NaN()) ==
        network + "connections[0].weight: not a finite number");
    CHECK(mistake_at("/waveNetwork/offspring/inputNodeCount", -1) ==
          network + "inputNodeCount: not a count from 0 to 20000");
    CHECK(mistake_at("/waveNetwork/offspring/outputNodeCount", 1e18) ==
          network + "outputNodeCount: not a count from 0 to 20000");
    CHECK(mistake_at("/waveNetwork/offspring/outputNodeCount", 500) ==
          network + "nodes: fewer nodes than inputs and outputs");
}

TEST_CASE("genome: wrong types in the patch are named", "[unit][genome]") {
    CHECK(mistake_at("/asNEATPatch", "[]") == "cannot read genome: asNEATPatch: not an object");
    CHECK(mistake_at("/asNEATPatch/nodes", Json::object()) ==
          "cannot read genome: asNEATPatch.nodes: not an array");
    CHECK(mistake_at("/asNEATPatch/nodes/1", 5) == "cannot read genome: asNEATPatch.nodes[1]: not an object");
    CHECK(mistake_at("/asNEATPatch/nodes/1/name", 5) ==
          "cannot read genome: asNEATPatch.nodes[1].name: not a string");
    CHECK(mistake_at("/asNEATPatch/nodes/0/gain", "loud") ==
          "cannot read genome: asNEATPatch.nodes[0].gain: not a finite number");
    CHECK(mistake_at("/asNEATPatch/connections/0/targetNode", true) ==
          "cannot read genome: asNEATPatch.connections[0].targetNode: neither a string nor a whole number");
    CHECK(mistake_at("/asNEATPatch/connections/0/targetParameterRange", Json::array({0})) ==
          "cannot read genome: asNEATPatch.connections[0].targetParameterRange: not two finite numbers");
    Json many = Json::array();
    for (int i = 0; i < 10'001; ++i) many.push_back("{}");
    CHECK(mistake_at("/asNEATPatch/connections", many) ==
          "cannot read genome: asNEATPatch.connections: more than 10000 elements");
}

TEST_CASE("genome: one network per frequency is chosen by the rounded or the nearest frequency",
          "[unit][genome]") {
    const Json offspring = opened().at("waveNetwork").at("offspring");
    const auto of_slots = [&](int extra) {
        Json network = offspring;
        for (int i = 0; i < extra; ++i)
            network["nodes"].push_back(
                {{"gid", "h" + std::to_string(i)}, {"activationFunction", "Sine"}, {"nodeType", "Hidden"}});
        return Json{{"offspring", network}};
    };
    const auto network =
        WaveNetwork::parse({{"oneCPPNPerFrequency", true},
                            {"CPPNs", {{"7", of_slots(0)}, {"440", of_slots(1)}, {"470", of_slots(2)}}}});
    REQUIRE(network);
    const auto slots = [&](double frequency) { return network->for_frequency(frequency).slot_count - 21; };
    CHECK(slots(6.6) == 0);
    CHECK(slots(444.9) == 1);
    CHECK(slots(466.2) == 2);
    CHECK(slots(9000) == 2);
    CHECK(slots(-50) == 0);
}

TEST_CASE("genome: one network per frequency needs frequencies", "[unit][genome]") {
    const Json holder = opened().at("waveNetwork");
    CHECK(mistake_at("/waveNetwork", Json{{"oneCPPNPerFrequency", true}, {"CPPNs", {{"a4", holder}}}}) ==
          "cannot read genome: waveNetwork.CPPNs['a4']: not a frequency");
    CHECK(mistake_at("/waveNetwork", Json{{"oneCPPNPerFrequency", true}}) ==
          "cannot read genome: waveNetwork.CPPNs: not an object of 1 to 1000 networks");
}

namespace {

std::string render_mistake(const Json& genome) {
    CpuCppn cppn;
    const CancelFlag go_on{false};
    const auto sound = Renderer(cppn).render(genome, {.duration = 0.01}, go_on);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().code == kpm::ErrorCode::Invalid);
    return sound.error().message;
}

std::string render_mistake_at(const char* pointer, Json value) {
    Json genome = opened();
    genome[Json::json_pointer(pointer)] = std::move(value);
    return render_mistake(genome);
}

}  // namespace

TEST_CASE("genome: what cannot be rendered is refused with the node's name", "[unit][genome]") {
    CHECK(render_mistake_at("/asNEATPatch/nodes/0/name", "PannerNode") ==
          "cannot render 'PannerNode': this node type is not supported");
    CHECK(render_mistake_at("/asNEATPatch/connections/0/targetParameter", "loudness")
              .find(": no parameter 'loudness'") != std::string::npos);
    Json no_network = opened();
    no_network.erase("waveNetwork");
    CHECK(render_mistake(no_network) ==
          "cannot render 'genome': it has no waveNetwork, but its patch uses one");
    Json no_such_output = opened();
    for (Json& node : no_such_output["asNEATPatch"]["nodes"])
        if (node.contains("type")) node["type"] = "18";
    CHECK(render_mistake(no_such_output) ==
          "cannot render 'genome': its patch uses output 18 of a network with 18 outputs");
}

TEST_CASE("genome: no mutilated genome gets out as an exception", "[unit][genome]") {
    const std::string text = opened().dump();
    const Json whole = opened();
    CHECK(parse_genome(whole));
    // One value of the genome after the other is replaced by one of another type; tests/fuzz/genome_fuzz.cpp
    // does the rest.
    const Json flat = whole.flatten();
    CpuCppn cppn;
    const CancelFlag go_on{false};
    std::size_t refused = 0, step = 0;
    for (const auto& [pointer, value] : flat.items()) {
        if (step++ % 12 != 0) continue;
        for (const Json& other : {Json(), Json(-1), Json("?"), Json::array(), Json::object(), Json(true)}) {
            Json genome = whole;
            genome[Json::json_pointer(pointer)] = other;
            refused += !Renderer(cppn).render(genome, {.duration = 0.002}, go_on).has_value();
        }
    }
    CHECK(refused > 25);
    for (std::size_t length = 0; length < text.size(); length += 997)
        CHECK_FALSE(parse_genome(Json(text.substr(0, length))));
}
