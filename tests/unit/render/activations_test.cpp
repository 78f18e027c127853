#include "render-worker/cppn/activations.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "golden.h"
#include "ipc/base/json.h"

using namespace kpm::render;

TEST_CASE("activations: every function follows the reference's table", "[unit][activations]") {
    const kpm::Json table = golden::read_json("activations.json.gz");
    const auto xs = table.at("x").get<std::vector<double>>();
    REQUIRE(xs.size() > 800);
    REQUIRE(table.at("functions").size() == kActivationNames.size());
    for (const auto& [name, stored] : table.at("functions").items()) {
        INFO(name);
        const auto activation = activation_named(name);
        REQUIRE(activation);
        const auto expected = stored.get<std::vector<double>>();
        REQUIRE(expected.size() == xs.size());
        std::vector<double> block = xs;
        activate(*activation, block);
        for (std::size_t i = 0; i < xs.size(); ++i) {
            INFO("x = " << xs[i]);
            CHECK(std::abs(activate(*activation, xs[i]) - expected[i]) <=
                  1e-14 * std::max(1.0, std::abs(expected[i])));
            CHECK(block[i] == activate(*activation, xs[i]));
        }
    }
}

TEST_CASE("activations: a name that the genomes do not have is unknown", "[unit][activations]") {
    CHECK_FALSE(activation_named("sine"));
    CHECK_FALSE(activation_named(""));
}

TEST_CASE("activations: the table names every function in the order of the enum", "[unit][activations]") {
    for (std::size_t i = 0; i < kActivationNames.size(); ++i)
        CHECK(static_cast<std::size_t>(kActivationNames[i].activation) == i);
}
