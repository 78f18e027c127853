#include "daemon/io/async_queue.h"

#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <thread>

#include "tests/support/run_loop.h"

using namespace kpm::io;

TEST_CASE("async queue: messages of other threads come in each one's order", "[integration][io]") {
    constexpr int kEach = 2000;
    Loop loop;
    std::vector<int> left, right;
    AsyncQueue<int> queue(loop, [&](int number) { (number < kEach ? left : right).push_back(number); });
    const auto push = [sender = queue.sender()](int from) {
        for (int number = from; number < from + kEach; ++number) sender.push(number);
    };
    std::thread first(push, 0), second(push, kEach);
    CHECK(run_until(loop, [&] { return left.size() + right.size() == 2 * kEach; }));
    first.join();
    second.join();
    std::vector<int> expected(kEach);
    std::iota(expected.begin(), expected.end(), 0);
    CHECK(left == expected);
    std::iota(expected.begin(), expected.end(), kEach);
    CHECK(right == expected);
}

TEST_CASE("async queue: a sender outlives the queue and is told so", "[integration][io]") {
    Loop loop;
    AsyncQueue<std::unique_ptr<int>>::Sender sender;
    CHECK_FALSE(sender.push(nullptr));
    {
        const AsyncQueue<std::unique_ptr<int>> queue(loop, [](std::unique_ptr<int>) {});
        sender = queue.sender();
        CHECK(sender.push(std::make_unique<int>(1)));
    }
    CHECK_FALSE(sender.push(std::make_unique<int>(2)));
}

TEST_CASE("async queue: it may end in its own callback; the rest of the batch is not delivered",
          "[integration][io]") {
    Loop loop;
    std::vector<int> got;
    std::unique_ptr<AsyncQueue<int>> queue;
    queue = std::make_unique<AsyncQueue<int>>(loop, [&](int number) {
        got.push_back(number);
        if (number == 2) queue.reset();
    });
    for (int number = 1; number <= 3; ++number) queue->sender().push(number);
    loop.run();
    CHECK(got == std::vector<int>{1, 2});
}

TEST_CASE("async queue: a message pushed by the callback comes in a later turn", "[integration][io]") {
    Loop loop;
    std::vector<int> got;
    AsyncQueue<int>::Sender sender;
    AsyncQueue<int> queue(loop, [&](int number) {
        got.push_back(number);
        if (number < 3) sender.push(number + 1);
    });
    sender = queue.sender();
    sender.push(1);
    CHECK(run_until(loop, [&] { return got.size() == 3; }));
}

TEST_CASE("async queue: a full one refuses, a drained one takes again", "[integration][io]") {
    Loop loop;
    std::vector<int> got;
    AsyncQueue<int> queue(
        loop, [&](int number) { got.push_back(number); }, 2);
    CHECK(queue.sender().push(1));
    CHECK(queue.sender().push(2));
    CHECK_FALSE(queue.sender().push(3));
    CHECK(run_until(loop, [&] { return got.size() == 2; }));
    CHECK(queue.sender().push(4));
    CHECK(run_until(loop, [&] { return got == std::vector<int>{1, 2, 4}; }));
}

TEST_CASE("async queue: what is pushed asleep comes with the next push or wake, in order",
          "[integration][io]") {
    Loop loop;
    std::vector<int> got;
    AsyncQueue<int> queue(loop, [&](int number) { got.push_back(number); });
    const auto sender = queue.sender();
    AsyncQueue<int> marks(loop, [&](int) { got.push_back(0); });
    const auto mark = [&] {
        marks.sender().push(0);
        return run_until(loop, [&] { return !got.empty() && got.back() == 0; });
    };
    CHECK(sender.push_asleep(1));
    CHECK(mark());
    CHECK(got == std::vector<int>{0});
    CHECK(sender.push(2));
    CHECK(run_until(loop, [&] { return got == std::vector<int>{0, 1, 2}; }));
    CHECK(sender.push_asleep(3));
    CHECK(sender.push_asleep(4));
    sender.wake();
    CHECK(run_until(loop, [&] { return got == std::vector<int>{0, 1, 2, 3, 4}; }));
    sender.wake();  // there is nothing
    CHECK(mark());
    CHECK(got == std::vector<int>{0, 1, 2, 3, 4, 0});
}
