#include "render-worker/summed_output.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace kpm::render;

TEST_CASE("summed output: channels are added and brought to a peak of 1", "[unit][render_server]") {
    CHECK(summed_output({{0, 1, -2, 0}, {0, 1, -2, 0}}) == std::vector<float>{0, 0.5f, -1, 0});
    CHECK(summed_output({{0, 0.25f, 0}}) == std::vector<float>{0, 1, 0});
    CHECK(summed_output({{0, 0, 0}}) == std::vector<float>{0, 0, 0});
    CHECK(summed_output({}).empty());
    CHECK(summed_output({{}}).empty());
}

TEST_CASE("summed output: an end that is not 0 is faded over 128 samples", "[unit][render_server]") {
    const std::vector<float> sound = summed_output({std::vector<float>(300, 2)});
    CHECK(sound[0] == 0);
    CHECK(sound[1] == 1.0f / 128);
    CHECK(sound[127] == 127.0f / 128);
    CHECK(sound[128] == 1);
    CHECK(sound[300 - 129] == 1);
    CHECK(sound[300 - 128] == 127.0f / 128);
    CHECK(sound[298] == 1.0f / 128);
    CHECK(sound[299] == 0);

    std::vector<float> quiet_start(300, 2);
    quiet_start[0] = 0;
    CHECK(summed_output({quiet_start})[1] == 1);
}
