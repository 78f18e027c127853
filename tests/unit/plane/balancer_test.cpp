#include "daemon/core/balancer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <vector>

using namespace kpm::core;

namespace {

std::vector<Candidate> serving_workers(std::uint64_t count) {
    std::vector<Candidate> workers;
    for (std::uint64_t order = 1; order <= count; ++order)
        workers.push_back({.order = order, .serving = true});
    return workers;
}

std::vector<std::size_t> choices(Balancer& balancer, const std::vector<Candidate>& workers, int count) {
    std::vector<std::size_t> chosen;
    for (int i = 0; i < count; ++i) chosen.push_back(balancer.choose(workers).value_or(99));
    return chosen;
}

}  // namespace

TEST_CASE("balancer: round robin takes the workers in turn", "[unit][balancer]") {
    Balancer balancer(BalancePolicy::RoundRobin, {});
    CHECK(choices(balancer, serving_workers(3), 7) == std::vector<std::size_t>{0, 1, 2, 0, 1, 2, 0});
}

TEST_CASE("balancer: a worker that cannot take one is skipped", "[unit][balancer]") {
    auto workers = serving_workers(4);
    workers[1].blocked = true;
    workers[2].serving = false;
    for (const auto policy : {BalancePolicy::RoundRobin, BalancePolicy::LeastConnections}) {
        Balancer balancer(policy, {});
        CHECK(choices(balancer, workers, 4) == std::vector<std::size_t>{0, 3, 0, 3});
    }
}

TEST_CASE("balancer: the window and the limit of connections close a worker", "[unit][balancer]") {
    auto workers = serving_workers(2);
    Balancer balancer(BalancePolicy::RoundRobin, {.window = 2, .max_connections = 5});
    workers[0].unacked = 2;
    CHECK(choices(balancer, workers, 2) == std::vector<std::size_t>{1, 1});
    workers[0] = {.order = 1, .serving = true, .unacked = 1, .open = 4};
    CHECK(choices(balancer, workers, 2) == std::vector<std::size_t>{1, 1});
    workers[0].open = 3;
    CHECK(balancer.choose(workers) == 0u);
}

TEST_CASE("balancer: no worker, no choice", "[unit][balancer]") {
    Balancer balancer(BalancePolicy::LeastConnections, {});
    CHECK_FALSE(balancer.choose({}));
    auto workers = serving_workers(1);
    workers[0].serving = false;
    CHECK_FALSE(balancer.choose(workers));
}

TEST_CASE("balancer: the turn survives a worker that leaves", "[unit][balancer]") {
    Balancer balancer(BalancePolicy::RoundRobin, {});
    auto workers = serving_workers(4);
    CHECK(choices(balancer, workers, 2) == std::vector<std::size_t>{0, 1});
    workers.erase(workers.begin() + 1);
    CHECK(workers[balancer.choose(workers).value()].order == 3);
    CHECK(workers[balancer.choose(workers).value()].order == 4);
    CHECK(workers[balancer.choose(workers).value()].order == 1);
}

TEST_CASE("balancer: least connections goes by load, then by open connections", "[unit][balancer]") {
    Balancer balancer(BalancePolicy::LeastConnections, {});
    auto workers = serving_workers(3);
    workers[0].load = 3;
    workers[1].load = 1;
    workers[1].open = 9;
    workers[2].load = 1;
    workers[2].open = 2;
    CHECK(balancer.choose(workers) == 2u);
    workers[2].unacked = 1;  // its job is not in the report yet
    CHECK(balancer.choose(workers) == 1u);
}

TEST_CASE("balancer: least connections spreads a burst over idle workers", "[unit][balancer]") {
    Balancer balancer(BalancePolicy::LeastConnections, {});
    auto workers = serving_workers(3);
    for (int i = 0; i < 24; ++i) ++workers[balancer.choose(workers).value()].unacked;
    CHECK(std::all_of(workers.begin(), workers.end(), [](const Candidate& w) { return w.unacked == 8; }));
    CHECK_FALSE(balancer.choose(workers));
}

TEST_CASE("balancer: sticky keeps a client with its worker while others come and go", "[unit][plane]") {
    Balancer balancer(BalancePolicy::Sticky, {});
    std::vector<Candidate> workers;
    for (int slot = 0; slot < 4; ++slot)
        workers.push_back({.order = static_cast<std::uint64_t>(slot) + 1, .slot = slot, .serving = true});
    std::map<std::uint64_t, std::size_t> homes;
    std::set<std::size_t> used;
    for (std::uint64_t client = 1; client <= 100; ++client) {
        homes[client] = *balancer.choose(workers, client);
        used.insert(homes[client]);
        CHECK(balancer.choose(workers, client) == homes[client]);
    }
    CHECK(used.size() == 4);
    workers[2].serving = false;
    for (const auto& [client, home] : homes) {
        const auto now = balancer.choose(workers, client);
        REQUIRE(now);
        CHECK(*now != 2);
        if (home != 2) CHECK(*now == home);
    }
}

TEST_CASE(
    "balancer: sticky leaves a client with the old worker of its slot while a reload's new one serves, too",
    "[unit][plane]") {
    Balancer balancer(BalancePolicy::Sticky, {});
    std::vector<Candidate> workers{{.order = 1, .slot = 0, .serving = true},
                                   {.order = 2, .slot = 0, .serving = true}};
    for (std::uint64_t client = 1; client <= 10; ++client)
        for (int i = 0; i < 3; ++i) CHECK(balancer.choose(workers, client) == 0u);
    workers[0].serving = false;
    CHECK(balancer.choose(workers, 1) == 1u);
}

TEST_CASE("balancer: sticky takes turns with clients that have no address", "[unit][plane]") {
    Balancer balancer(BalancePolicy::Sticky, {});
    const std::vector<Candidate> workers{{.order = 1, .slot = 0, .serving = true},
                                         {.order = 2, .slot = 1, .serving = true}};
    const auto first = balancer.choose(workers);
    CHECK(first != balancer.choose(workers));
}

TEST_CASE("balancer: fewest_unanswered takes turns, but waits for nobody who is slow to answer",
          "[unit][plane]") {
    Balancer balancer(BalancePolicy::FewestUnanswered, {});
    auto workers = serving_workers(3);
    workers[0].open = 9;  // of no account
    CHECK(choices(balancer, workers, 3) == std::vector<std::size_t>{0, 1, 2});
    workers[1].unacked = 1;
    CHECK(choices(balancer, workers, 4) == std::vector<std::size_t>{0, 2, 0, 2});
    // It is given one only when no other can take any, however busy they are.
    workers[1].slow = true;
    workers[0].unacked = workers[2].unacked = 3;
    CHECK(choices(balancer, workers, 4) == std::vector<std::size_t>{0, 2, 0, 2});
    workers[0].blocked = workers[2].blocked = true;
    CHECK(balancer.choose(workers) == 1);
}
