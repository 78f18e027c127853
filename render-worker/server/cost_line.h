#pragma once
// What work costs, learned from what it has cost: fixed seconds, and seconds per unit of work. Pure.
//
// The work that was measured falls into classes, one per power of two, of which each keeps its last
// measurements: so a thousand short sounds in a row do not make it forget what a long one took, and a machine
// that becomes slower is noticed. A class counts with the measurement whose cost per work is the median. The
// line goes through the classes by Theil's and Sen's estimator (the median of the slopes between all pairs):
// single measurements that were held up do not move it. Work of a size that was measured often enough costs
// what it did cost; the line is for all other sizes, and may rest on measurements that are old.

#include <cstddef>
#include <deque>
#include <map>
#include <vector>

namespace kpm::render {

class CostLine {
public:
    // `seconds` is not negative.
    void add(double work, double seconds);
    std::size_t count() const { return count_; }
    // Seconds. While work of one size is all that was measured, cost is taken to be in proportion to it.
    // REQUIRES: count() > 0.
    double estimate(double work) const;

private:
    struct Measurement {
        double work = 0;
        double seconds = 0;
    };

    static Measurement median_of(const std::deque<Measurement>& kept);
    void fit();

    std::map<int, std::deque<Measurement>> classes_;  // by the binary logarithm of the work
    std::size_t count_ = 0;
    double fixed_ = 0;
    double per_work_ = 0;
};

}  // namespace kpm::render
