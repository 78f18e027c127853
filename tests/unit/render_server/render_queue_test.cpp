// Jobs whose genome has to be fetched.
#include "render-worker/server/render_queue.h"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>

#include "ipc/base/json.h"
#include "render-worker/server/protocol_choice.h"
#include "tests/support/allocated_bytes.h"

using namespace kpm;
using namespace kpm::render;

namespace {

// Keeps every fetch until it is let go, or called off.
class SlowLoader final : public GenomeLoader {
public:
    Result<std::string> load(const GenomeAddress&, const CancelFlag& cancelled) override {
        ++asked;
        while (allowed == 0 && !cancelled) std::this_thread::yield();
        if (cancelled) return Error{ErrorCode::Unavailable, "cannot fetch 'genome': cancelled"};
        --allowed;
        return std::string("{}");
    }
    std::atomic<int> asked = 0;
    std::atomic<int> allowed = 0;
};

class SilentEngine final : public RenderEngine {
public:
    Result<RenderedSound> render(const RenderTask&, const CancelFlag&) override {
        return RenderedSound{std::vector<float>(16), 8000};
    }
    int exit_code_when_lost() const override { return 75; }
    std::string description() const override { return "silent"; }
};

std::string message_by_url(std::size_t bytes) {
    return Json{{"type", "get_audio_data"},
                {"genomeStringUrl", "http://127.0.0.1:1/g.json"},
                {"duration", 0.002},
                {"sampleRate", 8000},
                {"padding", std::string(bytes, 'x')}}
        .dump();
}

}  // namespace

// Their number is limited, but of what they are made of nothing is counted while they wait for a server.
TEST_CASE("render queue: a job that waits for its genome does not keep its message",
          "[unit][render_server]") {
    constexpr std::size_t kPadding = 16u << 20;
    boost::asio::io_context io;
    const auto protocol = make_protocol({});
    const ServerOptions options;
    SlowLoader loader;
    Suspects suspects;
    int answers = 0;
    const auto ignore = [](auto&&...) {};
    RenderQueue queue(io, options, *protocol, loader, suspects,
                      [] { return std::unique_ptr<RenderEngine>(std::make_unique<SilentEngine>()); },
                      {.ready = ignore, .failed = ignore, .device_lost = ignore, .load = ignore});
    const std::size_t before = test::allocated_bytes();
    RenderJob job{.message = message_by_url(kPadding),
                  .cancelled = std::make_shared<CancelFlag>(false),
                  .answer = [&](Reply) { ++answers; }};
    REQUIRE(queue.submit(job));
    while (loader.asked == 0 || queue.running() > 0) std::this_thread::yield();
    CHECK(test::allocated_bytes() < before + kPadding / 2);
    loader.allowed = 1;
    const auto there_is_more = boost::asio::make_work_guard(io);
    while (answers == 0) io.run_one();
    CHECK(queue.counters().done == 1);
}

// A client's fetches share its flag: the end of one says nothing of the others.
TEST_CASE("render queue: what is still being fetched does not hold up the end", "[unit][render_server]") {
    SlowLoader loader;
    std::atomic<int> done = 0;
    {
        GenomeFetcher fetcher(loader, 2);
        const auto client = std::make_shared<CancelFlag>(false);
        const auto count = [&](Result<std::string>) { ++done; };
        for (int i = 0; i < 2; ++i) fetcher.fetch({}, client, count);
        while (loader.asked < 2) std::this_thread::yield();
        loader.allowed = 1;
        while (done == 0) std::this_thread::yield();
        // The thread that begins with it is done with the first.
        fetcher.fetch({}, std::make_shared<CancelFlag>(false), count);
        while (loader.asked < 3) std::this_thread::yield();
    }
    CHECK(done == 3);
}
