#include "render-worker/genome/genome_cache.h"

#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::render;

namespace {

// Different texts of the same genome.
Json genome(int number) {
    return golden::read("genomes/s03_additive.json.gz") + std::string(static_cast<std::size_t>(number), ' ');
}

std::size_t cost() {
    GenomeCache cache;
    REQUIRE(cache.get(genome(0)));
    return cache.bytes();
}

}  // namespace

TEST_CASE("genome cache: the same text is decoded once", "[unit][render]") {
    GenomeCache cache;
    const auto first = cache.get(genome(0));
    REQUIRE(first);
    CHECK(*cache.get(genome(0)) == *first);
    CHECK(*cache.get(genome(1)) != *first);
    CHECK(cache.size() == 2);
    const Json object = Json::parse(genome(0).get<std::string>());
    const auto third = cache.get(object);
    REQUIRE(third);
    CHECK(*third == *first);  // an object is known by its text
    CHECK(cache.size() == 2);
    CHECK((*first)->network.entries().size() == 1);
}

TEST_CASE("genome cache: the one that was used last goes last", "[unit][render]") {
    GenomeCache cache({.genomes = 2, .bytes = 1u << 20});
    const auto zero = *cache.get(genome(0));
    const auto one = *cache.get(genome(1));
    CHECK(*cache.get(genome(0)) == zero);
    REQUIRE(cache.get(genome(2)));
    CHECK(cache.size() == 2);
    CHECK(*cache.get(genome(0)) == zero);
    CHECK(*cache.get(genome(1)) != one);
}

TEST_CASE("genome cache: it is bounded by bytes, and what is too large is not kept", "[unit][render]") {
    const std::size_t each = cost();
    CHECK(each > golden::read("genomes/s03_additive.json.gz").size());
    GenomeCache cache({.genomes = 100, .bytes = each * 3 + each / 2});
    for (int i = 0; i < 50; ++i) {
        REQUIRE(cache.get(genome(i)));
        CHECK(cache.bytes() <= each * 3 + each / 2);
    }
    CHECK(cache.size() == 3);
    GenomeCache small({.genomes = 100, .bytes = each - 1});
    CHECK(small.get(genome(0)));
    CHECK(small.size() == 0);
    CHECK(small.bytes() == 0);
}

TEST_CASE("genome cache: what is no genome is an error each time, and not kept", "[unit][render]") {
    GenomeCache cache;
    for (const Json& json :
         {Json("{}"), Json("no JSON"), Json(5), Json(), Json("\xff"), Json{{"a", "\xff"}}}) {
        const auto failed = cache.get(json);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == ErrorCode::Invalid);
        CHECK(cache.get(json).error() == failed.error());
    }
    CHECK(cache.size() == 0);
}
