#include "daemon/io/port_holder.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using kpm::io::PortHolder;
using kpm::io::PortHolders;

namespace {

struct Looks {
    int count = 0;
    PortHolders holders{[this](std::uint16_t port) -> std::optional<PortHolder> {
        ++count;
        if (port == 1) return std::nullopt;
        return PortHolder{count, "node"};
    }};
    PortHolders::Clock::time_point now{1000s};

    std::optional<PortHolder> find(std::uint16_t port) { return holders.find(port, now); }
};

}  // namespace

TEST_CASE("port holders: who asks again within a moment gets the same answer", "[unit][io]") {
    Looks looks;
    for (int i = 0; i < 100; ++i) {
        CHECK(looks.find(3000)->pid == 1);
        CHECK_FALSE(looks.find(1));
    }
    CHECK(looks.count == 2);
    looks.now += PortHolders::kMoment;
    CHECK(looks.find(3000)->pid == 3);
}

TEST_CASE("port holders: in one moment only so many ports are looked for", "[unit][io]") {
    Looks looks;
    for (std::uint16_t port = 3000; port < 3100; ++port) looks.find(port);
    CHECK(looks.count == PortHolders::kMostLooks);
    CHECK_FALSE(looks.find(3099));
    CHECK(looks.find(3000)->pid == 1);
    looks.now += PortHolders::kMoment;
    CHECK(looks.find(3099));
}
