#pragma once
// How far two renderings of one signal are apart, and how far the GPU may be from the exact one.

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

namespace kpm::render {

struct Distance {
    double rms = 0;       // of the samples that are no outliers
    double max = 0;       // likewise
    double outliers = 0;  // share of samples further apart than 1e-3
};

inline Distance distance(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    Distance result;
    double sum = 0;
    double counted = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = std::abs(double{a[i]} - double{b[i]});
        if (!(difference <= 1e-3)) {
            result.outliers += 1;
            continue;
        }
        result.max = std::max(result.max, difference);
        sum += difference * difference;
        counted += 1;
    }
    result.rms = counted > 0 ? std::sqrt(sum / counted) : 0;
    result.outliers /= static_cast<double>(std::max<std::size_t>(a.size(), 1));
    return result;
}

// Where a network jumps, float32 may jump a sample earlier or later: that is an outlier, not an error of
// accuracy.
inline void check_close(const Distance& apart, bool jumps) {
    CHECK(apart.rms <= 1e-5);
    CHECK(apart.max <= (jumps ? 1e-3 : 5e-4));
    CHECK(apart.outliers <= (jumps ? 1e-3 : 0.0));
}

}  // namespace kpm::render
