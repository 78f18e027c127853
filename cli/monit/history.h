#pragma once
// The last values of one measure, and their picture in one line of text. Pure.

#include <deque>
#include <string>

namespace kpm::cli::monit {

class History {
public:
    static constexpr std::size_t kLength = 240;

    void add(double value) {
        values_.push_back(value);
        if (values_.size() > kLength) values_.pop_front();
    }
    const std::deque<double>& values() const { return values_; }

private:
    std::deque<double> values_;
};

struct Scale {
    double low = 0, high = 1;
};

// From nothing to the highest value, or to `least` when all are lower.
Scale scale_from_zero(const History& history, double least);
// From the lowest to the highest value; small changes of large values stay flat.
Scale scale_of_range(const History& history);

// `width` columns, the newest value at the right: ▁▂▃▄▅▆▇█.
std::string sparkline(const History& history, int width, Scale scale);

}  // namespace kpm::cli::monit
