// Many connections, one after the other, leave nothing behind: the descriptors of kpmd, the keeper and the
// workers are as many as before. KPM_CONNECTIONS=100000 makes the acceptance run (`make soak`).
#include <catch2/catch.hpp>
#include <cstdlib>
#include <utility>
#include <vector>

#include "tests/support/node_app.h"
#include "tests/support/process_table.h"

namespace kpm::connections_test {
using namespace test;

namespace {

std::uint64_t connection_count() {
    const char* const value = std::getenv("KPM_CONNECTIONS");
    return value ? std::strtoull(value, nullptr, 10) : 2000;
}

// Of kpmd, the keeper and the workers, in this order.
std::vector<std::size_t> descriptors(const KpmHome& kpm) {
    const int daemon = kpm.daemon_pid();
    std::vector<std::size_t> counts{figures_of(daemon).descriptors,
                                    figures_of(parent_of(daemon)).descriptors};
    for (const Json& row : kpm.list()) counts.push_back(figures_of(row["pid"]).descriptors);
    return counts;
}

// Half of the connections carry one request, the others many.
void check_leaves_nothing(const KpmHome& kpm, std::uint16_t port, const std::string& target) {
    const auto visit = [&](std::uint64_t connections) {
        HttpLoad load(port, 4, 1, target);
        REQUIRE(eventually([&] { return load.figures().requests >= connections; }, std::chrono::minutes{20}));
        const HttpLoadFigures figures = load.stop();
        CAPTURE(figures.reasons, kpm.daemon_log());
        CHECK(figures.failures == 0);
    };
    visit(200);  // what is opened once is open
    std::vector<std::size_t> before, now;
    // Those that the clients have left are closed a moment later.
    REQUIRE(eventually([&] { return std::exchange(before, descriptors(kpm)) == descriptors(kpm); }));
    visit(connection_count());
    CHECK(eventually([&] {
        now = descriptors(kpm);
        for (std::size_t i = 0; i < now.size(); ++i)
            if (now[i] > before[i]) return false;
        return true;
    }));
    CAPTURE(before, now);
    CHECK(now.size() == before.size());
}

}  // namespace

TEST_CASE("connections: those of Node workers leave no descriptor behind", "[e2e][node]") {
    const std::string balance = GENERATE("hybrid", "round_robin", "least_connections");
    INFO(balance);
    const NodeApp app(kNodeServer, 2, ",\"balance\":\"" + balance + "\"");
    app.start_all_well();
    check_leaves_nothing(app.kpm, app.port, "/");
}

TEST_CASE("connections: those of workers with a kpm channel leave no descriptor behind", "[e2e]") {
    const KpmHome kpm;
    const auto port = static_cast<std::uint16_t>(free_port());
    kpm.write("ecosystem.json", R"({"apps":[{"name":"render","script":")" +
                                    (bin_dir() / "render-worker").string() +
                                    R"(","exec_mode":"cluster","instances":2,"kpm_channel":true,"gpu":"none",
                      "listen_timeout":60000,"listen":["127.0.0.1:)" +
                                    std::to_string(port) + "\"]}]}");
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    check_leaves_nothing(kpm, port, "/health");
}

}  // namespace kpm::connections_test
