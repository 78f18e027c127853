#pragma once
// How far the 16-bit samples of rendered sounds are from those of stored ones, over several sounds.

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "render-worker/renderer.h"

namespace kpm::render::golden {

class PcmTally {
public:
    // The largest difference in this sound, in steps.
    int add(const std::vector<float>& found, const std::vector<float>& expected) {
        const std::string mine = to_pcm16(found), theirs = to_pcm16(expected);
        REQUIRE(mine.size() == theirs.size());
        int worst = 0;
        for (std::size_t i = 0; i < mine.size() / 2; ++i) {
            const int apart = std::abs(value(mine, i) - value(theirs, i));
            worst = std::max(worst, apart);
            different_ += apart != 0;
        }
        samples_ += mine.size() / 2;
        return worst;
    }

    std::size_t samples() const { return samples_; }
    std::size_t different() const { return different_; }
    double identical() const {  // share
        return 1 - static_cast<double>(different_) / static_cast<double>(samples_);
    }

private:
    static int value(const std::string& bytes, std::size_t i) {
        const auto low = static_cast<unsigned char>(bytes[2 * i]);
        const auto high = static_cast<signed char>(bytes[2 * i + 1]);
        return high * 256 + low;
    }

    std::size_t samples_ = 0;
    std::size_t different_ = 0;
};

}  // namespace kpm::render::golden
