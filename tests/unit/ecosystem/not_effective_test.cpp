#include "ecosystem/not_effective.h"

#include <catch2/catch.hpp>

using namespace kpm::ecosystem;
using namespace std::chrono_literals;

TEST_CASE("not effective: an app without such attributes gets no sentence", "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Fork};
    CHECK(not_effective(config).empty());
    config.kpm_channel = true;
    config.exec_mode = ExecMode::Cluster;
    config.listen = {"3000"};
    config.wait_ready = true;
    config.watchdog = 1s;
    config.balance = Balance::RoundRobin;
    CHECK(not_effective(config).empty());
}

TEST_CASE("not effective: each attribute that nothing acts on is named with its app", "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Fork};
    config.listen = {"3000"};
    config.balance = Balance::Sticky;
    const auto sentences = not_effective(config);
    CHECK(sentences.size() == 2);
    for (const std::string& sentence : sentences) CHECK(sentence.starts_with("web: "));
}
