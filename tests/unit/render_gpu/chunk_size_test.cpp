#include "render-worker/gpu/chunk_size.h"

#include <catch2/catch.hpp>

using namespace kpm::render;

namespace {
constexpr std::size_t kLarge = std::size_t{1} << 30;
}  // namespace

TEST_CASE("chunk size: a second of what networks are like", "[unit][render_gpu]") {
    CHECK(chunk_size({.sample_rate = 48000, .outputs = 20, .work = 700, .max_buffer = kLarge}) == 48000);
    CHECK(chunk_size({.sample_rate = 44100.5, .outputs = 1, .work = 0, .max_buffer = kLarge}) == 44101);
}

TEST_CASE("chunk size: less of a large network, so that a slow device does not look like one that hangs",
          "[unit][render_gpu]") {
    for (const std::size_t work : {std::size_t{20'000}, std::size_t{66'000}}) {
        const std::size_t size =
            chunk_size({.sample_rate = 384000, .outputs = 1, .work = work, .max_buffer = kLarge});
        CHECK(size * work <= std::size_t{1} << 27);
        CHECK((size + 1) * work > std::size_t{1} << 27);
    }
    CHECK(chunk_size({.sample_rate = 48000, .outputs = 1, .work = kLarge, .max_buffer = kLarge}) == 1);
}

TEST_CASE("chunk size: no more than a buffer of the device holds", "[unit][render_gpu]") {
    CHECK(chunk_size({.sample_rate = 48000, .outputs = 10, .work = 1, .max_buffer = 400'000}) == 10'000);
    CHECK(chunk_size({.sample_rate = 48000, .outputs = 1, .work = 1, .max_buffer = 80'000}) == 10'000);
}
