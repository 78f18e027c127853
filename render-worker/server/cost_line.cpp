#include "render-worker/server/cost_line.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {

constexpr std::size_t kKept = 5;        // measurements of a class
constexpr std::size_t kEnough = 3;      // of them, to believe them rather than the line
constexpr double kLeastDistance = 1.5;  // ratio of two works between which a slope means something

int class_of(double work) {
    return std::ilogb(std::max(work, 1.0));
}

// The lower one of an even number: what disturbs a measurement only ever makes it longer.
double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace

void CostLine::add(double work, double seconds) {
    std::deque<Measurement>& kept = classes_[class_of(work)];
    kept.push_back({std::max(work, 1.0), seconds});
    if (kept.size() > kKept) kept.pop_front();
    ++count_;
    fit();
}

double CostLine::estimate(double work) const {
    const auto same = classes_.find(class_of(work));
    if (same == classes_.end() || same->second.size() < kEnough) return fixed_ + per_work_ * work;
    const Measurement known = median_of(same->second);
    // Between no growth and growth in proportion, whatever slope the line has from other sizes.
    const auto [least, most] = std::minmax({known.seconds, known.seconds * work / known.work});
    return std::clamp(known.seconds + per_work_ * (work - known.work), least, most);
}

CostLine::Measurement CostLine::median_of(const std::deque<Measurement>& kept) {
    std::vector<Measurement> sorted(kept.begin(), kept.end());
    std::ranges::sort(sorted, {}, [](const Measurement& one) { return one.seconds / one.work; });
    return sorted[(sorted.size() - 1) / 2];
}

void CostLine::fit() {
    std::vector<Measurement> points;
    for (const auto& [_, kept] : classes_) points.push_back(median_of(kept));
    std::vector<double> slopes, remainders;
    for (std::size_t i = 0; i < points.size(); ++i)
        for (std::size_t j = i + 1; j < points.size(); ++j)
            if (points[j].work >= kLeastDistance * points[i].work)
                slopes.push_back((points[j].seconds - points[i].seconds) / (points[j].work - points[i].work));
    if (slopes.empty())
        for (const Measurement& point : points) slopes.push_back(point.seconds / point.work);
    per_work_ = std::max(median(std::move(slopes)), 0.0);
    for (const Measurement& point : points) remainders.push_back(point.seconds - per_work_ * point.work);
    fixed_ = std::max(median(std::move(remainders)), 0.0);
}

}  // namespace kpm::render
