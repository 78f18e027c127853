#include "daemon/io/state_memfd.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/io/state_log_format.h"

using namespace kpm;
using namespace kpm::io;

namespace {

StateMemfd fresh() {
    auto state = StateMemfd::create();
    REQUIRE(state);
    return std::move(*state);
}

// As the next kpmd gets it from the keeper.
StateMemfd next_life(const StateMemfd& state) {
    auto adopted = StateMemfd::adopt(UniqueFd(::fcntl(state.fd(), F_DUPFD_CLOEXEC, 3)));
    REQUIRE(adopted);
    return std::move(*adopted);
}

using Values = std::map<std::string, std::string>;

}  // namespace

TEST_CASE("state memfd: the next life reads what the last one put", "[unit][state_memfd]") {
    StateMemfd state = fresh();
    REQUIRE(state.put("app/1", "one"));
    REQUIRE(state.put("app/2", "two"));
    REQUIRE(state.put("app/1", "newer"));
    REQUIRE(state.erase("app/2"));
    REQUIRE(state.erase("never there"));
    StateMemfd next = next_life(state);
    CHECK(*next.read_all() == Values{{"app/1", "newer"}});
    REQUIRE(next.put("app/3", ""));
    CHECK(*next_life(next).read_all() == Values{{"app/1", "newer"}, {"app/3", ""}});
    CHECK(next.garbage() > 0);
}

TEST_CASE("state memfd: a write that was cut short is dropped and written over", "[unit][state_memfd]") {
    StateMemfd state = fresh();
    REQUIRE(state.put("a", "1"));
    const std::string cut = encode_put("b", std::string(100, 'x')).substr(0, 50);
    REQUIRE(::pwrite(state.fd(), cut.data(), cut.size(), static_cast<off_t>(state.size())) == 50);
    StateMemfd next = next_life(state);
    CHECK(*next.read_all() == Values{{"a", "1"}});
    REQUIRE(next.put("c", "3"));
    CHECK(*next_life(next).read_all() == Values{{"a", "1"}, {"c", "3"}});
}

TEST_CASE("state memfd: it moves to a new memfd when more than half is garbage", "[unit][state_memfd]") {
    StateMemfd state = fresh();
    const StateMemfd before = next_life(state);
    REQUIRE(state.put("kept", "value"));
    int moves = 0;
    std::size_t largest = 0;
    for (int i = 0; i < 100; ++i) {
        const int old_fd = state.fd();
        const auto moved = state.put("changing", std::string(40'000, static_cast<char>('a' + i % 26)));
        REQUIRE(moved);
        if (*moved) CHECK(state.fd() != old_fd);
        moves += *moved;
        largest = std::max(largest, state.size());
    }
    CHECK(moves == 3);
    CHECK(largest < 1'300'000);
    CHECK(*next_life(state).read_all() ==
          Values{{"kept", "value"}, {"changing", std::string(40'000, static_cast<char>('a' + 99 % 26))}});
}

TEST_CASE("state memfd: other bytes are refused", "[unit][state_memfd]") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd write_end(ends[1]);
    CHECK_FALSE(StateMemfd::adopt(UniqueFd(ends[0])));
}
