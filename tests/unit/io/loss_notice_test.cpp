#include "daemon/io/loss_notice.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using kpm::io::LossNotice;

TEST_CASE("loss notice: the first is told at once, what follows once a minute", "[unit][io]") {
    LossNotice notice;
    LossNotice::Clock::time_point now{1000s};
    CHECK(notice.lose(7, now) == "pool 7: 1 of its connections closed, because too many wait for a worker");
    for (int i = 0; i < 9; ++i) CHECK_FALSE(notice.lose(7, now));
    now += LossNotice::kPause;
    CHECK(notice.lose(7, now)->starts_with("pool 7: 10 of"));
    CHECK_FALSE(notice.lose(7, now));
}
