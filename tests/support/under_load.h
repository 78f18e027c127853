#pragma once
// Commands of kpm while clients ask: each must succeed, and the load must go on behind it.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/http_load.h"
#include "tests/support/kpm_home.h"

namespace kpm::test {

inline void run_under(const HttpLoad& load, const KpmHome& kpm, std::vector<std::string> words) {
    const CommandResult result = kpm.kpm(std::move(words));
    INFO(result.out << result.err << kpm.daemon_log());
    REQUIRE(result.status == 0);
    REQUIRE(load.wait_for(10));
}

inline HttpLoadFigures stop_without_loss(HttpLoad& load, const KpmHome& kpm) {
    HttpLoadFigures figures = load.stop();
    CAPTURE(figures.requests, figures.reasons, kpm.daemon_log());
    CHECK(figures.failures == 0);
    return figures;
}

}  // namespace kpm::test
