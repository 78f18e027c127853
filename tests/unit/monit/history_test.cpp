#include "cli/monit/history.h"

#include <catch2/catch.hpp>
#include <limits>

namespace kpm::cli::monit {
namespace {

History of(std::initializer_list<double> values) {
    History history;
    for (const double value : values) history.add(value);
    return history;
}

}  // namespace

TEST_CASE("history: the picture has the newest value at the right", "[unit][monit]") {
    const History history = of({0, 50, 100});
    CHECK(sparkline(history, 3, {0, 100}) == "▁▅█");
    CHECK(sparkline(history, 2, {0, 100}) == "▅█");
    CHECK(sparkline(history, 5, {0, 100}) == "  ▁▅█");
    CHECK(sparkline(history, 0, {0, 100}).empty());
    CHECK(sparkline({}, 2, {0, 100}) == "  ");
}

TEST_CASE("history: scales follow the values", "[unit][monit]") {
    CHECK(scale_from_zero(of({1, 2}), 25).high == 25);
    CHECK(scale_from_zero(of({1, 200}), 25).high == 200);
    const Scale range = scale_of_range(of({100, 200}));
    CHECK(range.low == 100);
    CHECK(range.high == 200);
    // A change by less than a tenth is drawn as small as it is.
    CHECK(sparkline(of({1000, 1001}), 2, scale_of_range(of({1000, 1001}))) == "▁▁");
    CHECK(sparkline(of({0, 0}), 2, scale_of_range(of({0, 0}))) == "▁▁");
}

TEST_CASE("history: strange values are drawn as something", "[unit][monit]") {
    const double infinite = std::numeric_limits<double>::infinity();
    const double none = std::numeric_limits<double>::quiet_NaN();
    CHECK(sparkline(of({-5, infinite, none}), 3, {0, 100}) == "▁█▁");
    CHECK(sparkline(of({1, infinite}), 2, scale_from_zero(of({1, infinite}), 25)).size() == 6);
}

TEST_CASE("history: old values are let go", "[unit][monit]") {
    History history;
    for (int i = 0; i < 1000; ++i) history.add(i);
    CHECK(history.values().size() == History::kLength);
    CHECK(history.values().back() == 999);
}

}  // namespace kpm::cli::monit
