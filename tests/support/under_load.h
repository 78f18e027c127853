#pragma once
// Commands of kpm while clients ask: each must succeed, and the load must go on behind it.
// KPM_RELOADS=200 makes the acceptance run of what reloads (`make soak`); a few find most races in less time.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/http_load.h"
#include "tests/support/kpm_home.h"

namespace kpm::test {

inline int reload_count() {
    const char* const value = std::getenv("KPM_RELOADS");
    return value ? std::atoi(value) : 3;
}

// What a start may take on a busy machine; only a failure waits so long.
inline const std::string kEnough = "60000";

inline void run_under(const HttpLoad& load, const KpmHome& kpm, std::vector<std::string> words) {
    if (words.front() == "reload") words.insert(words.end(), {"--listen-timeout", kEnough});
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

// So many reloads of `app`, one after the other; then the figures, which are told.
inline HttpLoadFigures reload_without_loss(HttpLoad& load, const KpmHome& kpm, const std::string& app) {
    for (int i = 0; i < reload_count(); ++i) run_under(load, kpm, {"reload", app});
    HttpLoadFigures figures = stop_without_loss(load, kpm);
    WARN(reload_count() << " reloads, " << figures.requests << " requests, " << figures.failures
                        << " failed");
    for (const Json& row : kpm.list()) CHECK(row["pm2_env"]["restart_time"] == reload_count());
    return figures;
}

}  // namespace kpm::test
