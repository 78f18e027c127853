#include "ecosystem/precedence.h"

#include <catch2/catch.hpp>

using namespace kpm::ecosystem;
using Tasks = std::vector<std::size_t>;

namespace {

// All that may be begun now.
Tasks taken(Precedence& order) {
    Tasks tasks;
    while (const auto task = order.take()) tasks.push_back(*task);
    return tasks;
}

// Layer by layer: all of one are done before the next is taken.
std::vector<Tasks> layers(Precedence order) {
    std::vector<Tasks> all;
    for (Tasks layer = taken(order); !layer.empty(); layer = taken(order)) {
        for (const std::size_t task : layer) order.done(task);
        all.push_back(std::move(layer));
    }
    return all;
}

}  // namespace

TEST_CASE("precedence: without relation all may begin, in their order", "[unit][ecosystem]") {
    CHECK(layers(Precedence(3)) == std::vector<Tasks>{{0, 1, 2}});
    CHECK(layers(Precedence(0)).empty());
}

TEST_CASE("precedence: what comes after others begins when all of them are done", "[unit][ecosystem]") {
    Precedence order(4);
    order.add(3, 1);
    order.add(2, 1);
    order.add(1, 0);
    CHECK(layers(order) == std::vector<Tasks>{{2, 3}, {1}, {0}});

    CHECK(taken(order) == Tasks{2, 3});
    order.done(2);
    CHECK_FALSE(order.take());
    order.done(3);
    CHECK(order.take() == 1U);
}

TEST_CASE("precedence: a relation may be told twice", "[unit][ecosystem]") {
    Precedence order(2);
    order.add(1, 0);
    order.add(1, 0);
    CHECK(layers(order) == std::vector<Tasks>{{1}, {0}});
}

TEST_CASE("precedence: a task added later is one like the others", "[unit][ecosystem]") {
    Precedence order(2);
    const std::size_t end = order.add_task();
    CHECK(end == 2);
    order.add(1, end);
    order.add(end, 0);
    CHECK(layers(order) == std::vector<Tasks>{{1}, {2}, {0}});
}

TEST_CASE("precedence: a failure takes along all that comes after it, and nothing else",
          "[unit][ecosystem]") {
    Precedence order(5);
    order.add(0, 1);
    order.add(1, 2);
    order.add(3, 2);
    order.add(3, 4);
    CHECK(taken(order) == Tasks{0, 3});
    CHECK(order.fail(0) == Tasks{1, 2});
    order.done(3);
    CHECK(taken(order) == Tasks{4});
    order.done(4);
    CHECK_FALSE(order.take());
}

TEST_CASE("precedence: a circle is told, and is no dead end", "[unit][ecosystem]") {
    Precedence order(5);
    order.add(0, 4);
    order.add(1, 2);
    order.add(2, 3);
    order.add(3, 1);
    order.add(0, 1);
    CHECK(order.circle() == Tasks{1, 2, 3, 1});
    CHECK(layers(order) == std::vector<Tasks>{{0}, {4}, {1}, {2}, {3}});

    Precedence self(1);
    self.add(0, 0);
    CHECK(self.circle() == Tasks{0, 0});
    CHECK(layers(self) == std::vector<Tasks>{{0}});

    Precedence diamond(4);
    diamond.add(0, 1);
    diamond.add(0, 2);
    diamond.add(1, 3);
    diamond.add(2, 3);
    CHECK(diamond.circle().empty());
}
