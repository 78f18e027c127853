// The method is Ziv's (A. Ziv, "Fast evaluation of elementary mathematical functions with correctly rounded
// last bit", ACM TOMS 1991), with libm in the place of the slow path. Reductions are Cody and Waite's, the
// series Taylor's, whose first terms are sums of two doubles (T. Dekker, "A floating-point technique for
// extending the available precision", 1971).
#include "render-worker/cppn/block_math.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "render-worker/cppn/ramps.h"
#include "render-worker/wide.h"

namespace kpm::render {
namespace {

constexpr std::size_t kChunk = 256;  // values: what stands on the stack stays in the first-level cache

// A value as the sum of two doubles, the first of which is the sum rounded.
struct Pair {
    double high, low;
};

// REQUIRES: |a| >= |b|, or both are tiny beside what the sum is added to.
KPM_RENDER_INLINE Pair sum(double a, double b) {
    const double high = a + b;
    return {high, (a - high) + b};
}

// For any two (D. Knuth, The Art of Computer Programming, vol. 2, 4.2.2).
KPM_RENDER_INLINE Pair any_sum(double a, double b) {
    const double high = a + b;
    const double of_b = high - a;
    return {high, (a - (high - of_b)) + (b - of_b)};
}

KPM_RENDER_INLINE Pair product(double a, double b) {
    const double high = a * b;
    return {high, std::fma(a, b, -high)};
}

// How far from the middle of two doubles a value has to be, in units in the last place: more than the error
// of libm (0.05 over the half that rounding costs, see the header) and our own put together.
constexpr double kMargin = 0.055;
constexpr double kArcsineMargin = 0.065;

// Whether `value` stays where it is when it is rounded, even if its rest were somewhat larger.
KPM_RENDER_INLINE bool is_sure(Pair value, double margin) {
    return std::fma(value.low, 0.5 / (0.5 - margin), value.high) == value.high;
}

// Adding it rounds to an integer, which then stands in the lowest bits.
constexpr double kRound = 0x1.8p52;

// pi in three parts, the first two with 33 bits: their products with integers below 2^20 are exact.
constexpr double kPi1 = 0x1.921fb544p+1, kPi2 = 0x1.0b4611a6p-33, kPi3 = 0x1.3198a2e037073p-68;
constexpr double kMaxAngle = 0x1p20;
// Close to a multiple of pi the reduction's error counts.
constexpr double kMinAngle = 0x1p-20;

// Where a value of x stands within the half turn around the nearest multiple of pi.
struct Angle {
    Pair rest;           // of x - n pi, in [-pi/2, pi/2]
    std::uint64_t sign;  // the sign bit, set when n is odd
};

KPM_RENDER_INLINE Angle angle_of(double x) {
    const double shifted = std::fma(x, std::numbers::inv_pi, kRound);
    const double n = shifted - kRound;
    const double first = x - n * kPi1;
    Pair rest = any_sum(first, -(n * kPi2));
    rest = sum(rest.high, rest.low - n * kPi3);
    return {rest, std::bit_cast<std::uint64_t>(shifted) << 63};
}

KPM_RENDER_INLINE double with_sign(double value, std::uint64_t sign) {
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ sign);
}

// 1 - z/2 + z^2/24 - …, to about four digits; for corrections only.
KPM_RENDER_INLINE double rough_cosine(double z) {
    double series = std::fma(z, -1.0 / 3628800, 1.0 / 40320);
    series = std::fma(z, series, -1.0 / 720);
    series = std::fma(z, series, 1.0 / 24);
    series = std::fma(z, series, -0.5);
    return std::fma(z, series, 1.0);
}

// sin r = r (1 + z (c3 + z (c5 + z (c7 + …)))) with z = r^2. From c7 on a double is precise enough.
KPM_RENDER_INLINE Pair sine_of(Pair rest, double cosine) {
    constexpr double kC3 = -0x1.5555555555555p-3, kC3Low = -0x1.5555555555555p-57;
    constexpr double kC5 = 0x1.1111111111111p-7, kC5Low = 0x1.1111111111111p-63;
    const double r = rest.high;
    const Pair z = product(r, r);
    double tail = std::fma(z.high, -1.0 / 25852016738884976640000.0, 1.0 / 51090942171709440000.0);
    tail = std::fma(z.high, tail, -1.0 / 121645100408832000.0);
    tail = std::fma(z.high, tail, 1.0 / 355687428096000.0);
    tail = std::fma(z.high, tail, -1.0 / 1307674368000.0);
    tail = std::fma(z.high, tail, 1.0 / 6227020800.0);
    tail = std::fma(z.high, tail, -1.0 / 39916800.0);
    tail = std::fma(z.high, tail, 1.0 / 362880.0);
    tail = std::fma(z.high, tail, -1.0 / 5040.0);

    Pair series = sum(kC5, z.high * tail);
    series.low += kC5Low;
    Pair raised = product(z.high, series.high);
    raised.low += z.high * series.low + z.low * series.high;
    series = sum(kC3, raised.high);
    series.low += raised.low + kC3Low;
    raised = product(z.high, series.high);
    raised.low += z.high * series.low + z.low * series.high;

    const Pair correction = product(r, raised.high);
    const Pair result = sum(r, correction.high);
    return sum(result.high, result.low + (correction.low + r * raised.low + rest.low * cosine));
}

// e^y = 2^n e^r, ln 2 in two parts, the first with 40 bits.
constexpr double kLn2High = 0x1.62e42fefa2p-1, kLn2Low = 0x1.9ef35793c7673p-41;
constexpr double kMaxExponent = 700;

// Of e^r = 1 + r + r^2/2 + r^3 (1/6 + …); `shifted` holds n.
KPM_RENDER_INLINE Pair exponential_of(double y, double shifted) {
    const double n = shifted - kRound;
    const Pair r = sum(y - n * kLn2High, -(n * kLn2Low));
    const Pair z = product(r.high, r.high);
    double tail = std::fma(r.high, 1.0 / 87178291200.0, 1.0 / 6227020800.0);
    tail = std::fma(r.high, tail, 1.0 / 479001600.0);
    tail = std::fma(r.high, tail, 1.0 / 39916800.0);
    tail = std::fma(r.high, tail, 1.0 / 3628800.0);
    tail = std::fma(r.high, tail, 1.0 / 362880.0);
    tail = std::fma(r.high, tail, 1.0 / 40320.0);
    tail = std::fma(r.high, tail, 1.0 / 5040.0);
    tail = std::fma(r.high, tail, 1.0 / 720.0);
    tail = std::fma(r.high, tail, 1.0 / 120.0);
    tail = std::fma(r.high, tail, 1.0 / 24.0);
    tail = std::fma(r.high, tail, 1.0 / 6.0);

    const Pair two_terms = sum(r.high, 0.5 * z.high);
    const Pair all_terms = sum(two_terms.high, r.high * z.high * tail);
    const Pair result = sum(1.0, all_terms.high);
    const double rests = 0.5 * z.low + std::fma(r.low, all_terms.high, r.low);
    return sum(result.high, result.low + (all_terms.low + (two_terms.low + rests)));
}

using Sure = std::array<std::uint64_t, kChunk>;  // 1 where the value is certain; as wide as the values

KPM_RENDER_WIDE void sines(const double* x, double* y, std::uint64_t* sure, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const Angle angle = angle_of(x[i]);
        const double r = angle.rest.high;
        const Pair sine = sine_of(angle.rest, rough_cosine(r * r));
        y[i] = with_sign(sine.high, angle.sign);
        // Not with NaN. No && so that the loop has no branch.
        sure[i] = std::uint64_t{std::abs(x[i]) <= kMaxAngle} & std::uint64_t{std::abs(r) >= kMinAngle} &
                  std::uint64_t{is_sure(sine, kMargin)};
    }
}

// asin of the sine as it is rounded: with sin r = high + low, asin(high) = r - low / cos r.
KPM_RENDER_WIDE void arcsines(const double* x, double* y, std::uint64_t* sure, std::size_t count) {
    constexpr double kMinCosine = 0.2;  // below it the sine's own error counts
    for (std::size_t i = 0; i < count; ++i) {
        const Angle angle = angle_of(x[i]);
        const double r = angle.rest.high;
        const double cosine = rough_cosine(r * r);
        const Pair sine = sine_of(angle.rest, cosine);
        const Pair arc = sum(r, angle.rest.low - sine.low / cosine);
        y[i] = with_sign(arc.high, angle.sign);
        sure[i] = std::uint64_t{std::abs(x[i]) <= kMaxAngle} & std::uint64_t{std::abs(r) >= kMinAngle} &
                  std::uint64_t{cosine >= kMinCosine} & std::uint64_t{is_sure(sine, kMargin)} &
                  std::uint64_t{is_sure(arc, kArcsineMargin)};
    }
}

KPM_RENDER_WIDE void exponentials(const double* x, double* y, std::uint64_t* sure, std::size_t count) {
    constexpr std::uint64_t kExponentBias = 1023;
    for (std::size_t i = 0; i < count; ++i) {
        const double shifted = std::fma(x[i], std::numbers::log2e, kRound);
        const Pair value = exponential_of(x[i], shifted);
        const std::uint64_t power = (std::bit_cast<std::uint64_t>(shifted) + kExponentBias) << 52;
        y[i] = value.high * std::bit_cast<double>(power);
        sure[i] = std::uint64_t{std::abs(x[i]) <= kMaxExponent} & std::uint64_t{is_sure(value, kMargin)};
    }
}

// What is not certain is asked of libm.
template <class Wide, class Exact>
void with_libm(std::span<double> values, Wide wide, Exact exact) {
    if (!is_wide()) {
        for (double& value : values) value = exact(value);
        return;
    }
    std::array<double, kChunk> results;
    Sure sure;
    for (std::size_t first = 0; first < values.size(); first += kChunk) {
        const std::span<double> chunk = values.subspan(first, std::min(kChunk, values.size() - first));
        wide(chunk.data(), results.data(), sure.data(), chunk.size());
        for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = sure[i] != 0 ? results[i] : exact(chunk[i]);
    }
}

// All terms of a value one after the other, as a loop over the terms would; four in one pass over the block.
template <std::size_t kTerms>
KPM_RENDER_INLINE void add_terms(const WeightedBlock* terms, double* __restrict sums, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        double sum = sums[i];
        for (std::size_t k = 0; k < kTerms; ++k) sum += terms[k].values[i] * terms[k].weight;
        sums[i] = sum;
    }
}

KPM_RENDER_INLINE void add_all(std::span<const WeightedBlock> terms, double* sums, std::size_t count) {
    constexpr std::size_t kAtOnce = 4;
    for (; terms.size() >= kAtOnce; terms = terms.subspan(kAtOnce))
        add_terms<kAtOnce>(terms.data(), sums, count);
    for (; !terms.empty(); terms = terms.subspan(1)) add_terms<1>(terms.data(), sums, count);
}

KPM_RENDER_WIDE void add_all_wide(std::span<const WeightedBlock> terms, double* sums, std::size_t count) {
    add_all(terms, sums, count);
}

KPM_RENDER_WIDE void sawteeth(std::span<double> values) {
    for (double& value : values) value = sawtooth(value);
}

KPM_RENDER_WIDE void spikes(std::span<double> values) {
    for (double& value : values) value = spike(value);
}

}  // namespace

void weighted_sum_block(std::span<const WeightedBlock> terms, std::span<double> sums) {
    std::fill(sums.begin(), sums.end(), 0.0);
    if (is_wide()) return add_all_wide(terms, sums.data(), sums.size());
    add_all(terms, sums.data(), sums.size());
}

void sine_block(std::span<double> values) {
    with_libm(values, sines, [](double x) { return std::sin(x); });
}

void arcsine_of_sine_block(std::span<double> values) {
    with_libm(values, arcsines, [](double x) { return std::asin(std::sin(x)); });
}

void exponential_block(std::span<double> values) {
    with_libm(values, exponentials, [](double x) { return std::exp(x); });
}

void sawtooth_block(std::span<double> values) {
    if (is_wide()) return sawteeth(values);
    for (double& value : values) value = sawtooth(value);
}

void spike_block(std::span<double> values) {
    if (is_wide()) return spikes(values);
    for (double& value : values) value = spike(value);
}

}  // namespace kpm::render
