// What waits for a reader's stdin, over a real pipe.
#include "daemon/io/input_queue.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;

namespace {

class LateReader {
public:
    LateReader() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
        reader_ = UniqueFd(ends[0]);
        auto opened = InputQueue::open(loop_, UniqueFd(ends[1]), "process 7", [this] { queue_.reset(); });
        REQUIRE(opened);
        queue_ = *std::move(opened);
    }

    // All that comes, until nothing waits any more.
    std::string read_all() {
        std::string text;
        const auto read_some = [&] {
            char buffer[4096];
            for (ssize_t size = 0; (size = ::read(reader_.get(), buffer, sizeof buffer)) > 0;)
                text.append(buffer, static_cast<std::size_t>(size));
        };
        CHECK(run_until(loop_, [&] {
            read_some();
            return !queue_;
        }));
        read_some();
        return text;
    }

    Loop loop_;
    UniqueFd reader_;
    std::unique_ptr<InputQueue> queue_;
};

}  // namespace

TEST_CASE("input queue: what the pipe has no room for follows when it is read, in order", "[integration]") {
    LateReader late;
    CHECK(late.queue_->write("short"));
    CHECK(late.queue_->is_done());
    std::string text;
    for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i) + '\n';
    CHECK(late.queue_->write(text));
    CHECK(late.queue_->write("end"));
    CHECK_FALSE(late.queue_->is_done());
    CHECK(late.read_all() == "short" + text + "end");
}

TEST_CASE("input queue: beyond the bound nothing of a text is taken", "[integration]") {
    LateReader late;
    const auto whole = late.queue_->write(std::string(InputQueue::kMaxUnsent + 1, 'a'));
    REQUIRE_FALSE(whole);
    CHECK(whole.error().code == ErrorCode::Unavailable);
    CHECK(whole.error().message == "cannot write to 'process 7': it does not read its input");
    CHECK(late.queue_->write(std::string(InputQueue::kMaxUnsent, 'b')));
    CHECK_FALSE(late.queue_->write(std::string(InputQueue::kMaxUnsent, 'c')));
    CHECK(late.read_all() == std::string(InputQueue::kMaxUnsent, 'b'));
}

TEST_CASE("input queue: it ends with its reader", "[integration]") {
    LateReader late;
    CHECK(late.queue_->write(std::string(300'000, 'a')));
    late.reader_.reset();
    CHECK(run_until(late.loop_, [&] { return !late.queue_; }));
}
