// Node workers that accept by themselves, each on a socket of its slot: what becomes of a connection that is
// not taken.
#include <netinet/tcp.h>
#include <poll.h>

#include <numeric>

#include "daemon/io/slot_turns.h"
#include "tests/integration/data_plane/node_fixture.h"

using namespace kpm;
using namespace kpm::io;

namespace {

// Two workers that answer, each with a slot; what comes for the first stands there from the beginning.
struct StandingFixture {
    NodeFixture fixture;
    UniqueFd first = fixture.add_slot(1), second = fixture.add_slot(2);
    FakeNode one = fixture.join_counting(1), other = fixture.join_counting(2);
    std::vector<UniqueFd> clients;

    // Until one stands before the first slot; the second worker takes what is its own.
    StandingFixture() {
        pollfd waiting{first.get(), POLLIN, 0};
        while (clients.size() < 64 && ::poll(&waiting, 1, 0) == 0) visit();
    }
    void visit() {
        clients.push_back(fixture.visit());
        while (UniqueFd own{::accept4(second.get(), nullptr, nullptr, SOCK_CLOEXEC)}) continue;
    }
    static bool is_asked(FakeNode& worker) {
        const auto line = worker.hear();
        return line && line->message["cmd"] == "NODE_KPM_COUNT";
    }
};

unsigned queue_length(const UniqueFd& listener) {
    tcp_info info{};
    socklen_t size = sizeof info;
    REQUIRE(::getsockopt(listener.get(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0);
    return info.tcpi_unacked;
}

}  // namespace

// As one who may load eBPF programs, exactly; the kernel's hash gives everybody some all the same.
TEST_CASE("node pool: the slots of an address take turns", "[integration][data_plane]") {
    NodeFixture fixture;
    std::vector<UniqueFd> slots, clients;
    SlotTurns turns;
    SlotTurns::Slots serving;
    // Which is whose goes by the order of coming.
    for (const int slot : {3, 1, 4, 2}) {
        slots.push_back(fixture.add_slot(slot));
        turns.add(slot);
        serving.insert(slot);
    }
    const bool is_permitted = take_turns(slots[0].get(), std::vector{0}).has_value();
    const auto lengths_after = [&](int visits) {
        for (int i = 0; i < visits; ++i) clients.push_back(fixture.visit());
        std::vector<unsigned> lengths;
        for (const UniqueFd& slot : slots) lengths.push_back(queue_length(slot));
        return lengths;
    };
    turns.give(slots[0].get(), serving);
    auto lengths = lengths_after(80);
    CHECK(std::accumulate(lengths.begin(), lengths.end(), 0u) == 80);
    if (is_permitted) CHECK(lengths == std::vector<unsigned>{20, 20, 20, 20});

    turns.give(slots[0].get(), {1, 2});
    lengths = lengths_after(20);
    CHECK(std::accumulate(lengths.begin(), lengths.end(), 0u) == 100);
    if (is_permitted) CHECK(lengths == std::vector<unsigned>{20, 30, 20, 30});

    // Nobody is there: they wait for those who were.
    turns.give(slots[0].get(), {});
    lengths = lengths_after(2);
    if (is_permitted) CHECK(lengths == std::vector<unsigned>{20, 31, 20, 31});
}

TEST_CASE("node pool: connections of a slot without a worker go to the others", "[integration][data_plane]") {
    NodeFixture fixture;
    const UniqueFd one = fixture.add_slot(1);
    FakeNode worker = fixture.join_listening(1);
    const UniqueFd orphan = fixture.add_slot(2);
    // The kernel spreads them; those of the first slot are its worker's own business.
    std::vector<UniqueFd> clients;
    REQUIRE(eventually([&] {
        if (clients.size() < 64) clients.push_back(fixture.visit());
        return fixture.stats_of(1).rescued > 0;
    }));
    CHECK(worker.serve("rescued"));
}

TEST_CASE("node pool: what a busy worker leaves standing goes to a free one", "[integration][data_plane]") {
    NodeFixture fixture;
    const UniqueFd busy = fixture.add_slot(1), idle = fixture.add_slot(2);
    FakeNode blocked = fixture.join_listening(1), free = fixture.join_listening(2);
    std::vector<UniqueFd> clients;
    std::size_t own = 0;
    // The free worker accepts what is its own, as Node does; the blocked one nothing.
    REQUIRE(eventually([&] {
        if (clients.size() < 64) clients.push_back(fixture.visit());
        while (UniqueFd mine{::accept4(idle.get(), nullptr, nullptr, SOCK_CLOEXEC)}) ++own;
        return fixture.stats_of(2).rescued > 0;
    }));
    CHECK(free.serve("free"));
    CHECK(fixture.stats_of(1).rescued == 0);
}

TEST_CASE("node pool: what stands before a worker that does not answer goes to one that does",
          "[integration][data_plane]") {
    StandingFixture standing;
    REQUIRE(StandingFixture::is_asked(standing.one));
    // Only then the other is asked, and until it has answered it gets nothing: it could be as busy.
    REQUIRE(StandingFixture::is_asked(standing.other));
    CHECK_FALSE(standing.other.hear(std::chrono::milliseconds{50}));
    CHECK(standing.fixture.stats_of(2).handed == 0);
    standing.other.say_count(0, 0);
    CHECK(standing.other.serve("free"));
    CHECK(standing.fixture.stats_of(2).rescued == 1);
}

TEST_CASE("node pool: a worker that answers keeps what stands before it", "[integration][data_plane]") {
    StandingFixture standing;
    for (int i = 0; i < 5; ++i) {
        REQUIRE(StandingFixture::is_asked(standing.one));
        standing.one.say_count(0, 0);
    }
    CHECK_FALSE(standing.other.hear(std::chrono::milliseconds{0}));
    CHECK(standing.fixture.stats_of(2).handed == 0);
}

TEST_CASE("node pool: a worker that has taken what stood before it is not asked again",
          "[integration][data_plane]") {
    StandingFixture standing;
    REQUIRE(StandingFixture::is_asked(standing.one));
    standing.one.say_count(0, 0);
    while (UniqueFd{::accept4(standing.first.get(), nullptr, nullptr, SOCK_CLOEXEC)}) continue;
    while (standing.one.hear(std::chrono::milliseconds{50})) continue;
    CHECK_FALSE(standing.one.hear(std::chrono::milliseconds{100}));
}
