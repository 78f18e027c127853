// Networks on several threads: the loop itself, and a renderer that uses it.
#include "render-worker/cppn/parallel.h"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <new>
#include <numeric>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"

using namespace kpm;
using namespace kpm::render;

namespace {

constexpr auto kLongest = std::chrono::seconds{30};  // for what does not happen

// Where threads wait for each other.
class Meeting {
public:
    explicit Meeting(std::size_t size) : size_(size) {}
    // False: the others did not come.
    bool join() {
        std::unique_lock lock(mutex_);
        ++present_;
        all_.notify_all();
        return all_.wait_for(lock, kLongest, [this] { return present_ >= size_; });
    }

private:
    std::size_t size_;
    std::mutex mutex_;
    std::condition_variable all_;
    std::size_t present_ = 0;
};

void wait_until_set(const CancelFlag& flag) {
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (!flag && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

using Signals = Result<std::vector<std::vector<float>>>;

// Several threads may call `act` with the number of the call, from 0 on; the signals are silence.
struct ConcurrentFake final : CppnEvaluator {
    Signals evaluate(const CppnProgram&, std::span<const std::uint32_t> outputs, const SignalSpec& spec,
                     const CancelFlag& stop) override {
        if (auto done = act(calls++, stop); !done) return done.error();
        return std::vector(outputs.size(), std::vector<float>(spec.sample_count));
    }
    BackendInfo info() const override { return {.name = "fake", .exact = true, .concurrent = concurrent}; }

    std::function<Result<void>(int call, const CancelFlag& stop)> act;
    std::atomic<int> calls = 0;
    bool concurrent = true;
};

constexpr int kFrequencies = 8;  // of many_frequencies(), at least

Json many_frequencies() {
    return golden::read_json("genomes/l01_noosc.json.gz");
}

Result<RenderedSound> render_on(CppnEvaluator& evaluator, std::size_t threads, const CancelFlag& cancelled) {
    const RenderRequest request{.duration = 0.05, .sample_rate = 16000};
    return Renderer(evaluator, {}, nullptr, threads).render(many_frequencies(), request, cancelled);
}

}  // namespace

TEST_CASE("parallel: every turn is taken once", "[unit][render]") {
    const std::size_t threads = GENERATE(1, 2, 4, 9);
    CancelFlag stop{false};
    std::vector<std::atomic<int>> taken(1000);
    for_each_index(taken.size(), threads, stop, [&](std::size_t i) { ++taken[i]; });
    CHECK(std::ranges::all_of(taken, [](const std::atomic<int>& times) { return times == 1; }));
    for_each_index(0, threads, stop, [](std::size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("parallel: a single thread is the caller's and goes in order", "[unit][render]") {
    CancelFlag stop{false};
    const auto caller = std::this_thread::get_id();
    std::vector<std::size_t> order, expected(20);
    for_each_index(20, 1, stop, [&](std::size_t i) {
        order.push_back(i);
        CHECK(std::this_thread::get_id() == caller);
    });
    std::iota(expected.begin(), expected.end(), std::size_t{0});
    CHECK(order == expected);
}

TEST_CASE("parallel: turns run at the same time, on as many threads as asked for", "[unit][render]") {
    CancelFlag stop{false};
    Meeting meeting(3);
    std::atomic<int> met = 0;
    for_each_index(3, 3, stop, [&](std::size_t) { met += meeting.join(); });
    CHECK(met == 3);

    std::mutex mutex;
    std::set<std::thread::id> threads;
    for_each_index(100, 3, stop, [&](std::size_t) {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
    });
    CHECK(threads.size() <= 3);
}

TEST_CASE("parallel: what a turn throws comes out, and ends the rest", "[unit][render]") {
    const std::size_t threads = GENERATE(1, 3);
    CancelFlag stop{false};
    Meeting meeting(threads);
    std::atomic<std::size_t> begun = 0;
    const auto turn = [&](std::size_t i) {
        ++begun;
        meeting.join();
        if (i == threads - 1) throw std::bad_alloc();
        wait_until_set(stop);
    };
    CHECK_THROWS_AS(for_each_index(1000, threads, stop, turn), std::bad_alloc);
    CHECK(begun == threads);
    CHECK(stop);
}

TEST_CASE("parallel: no turn begins once it is called off", "[unit][render]") {
    CancelFlag whole{false};
    CancelFlag stop(&whole);
    std::atomic<int> begun = 0;
    for_each_index(1000, 2, stop, [&](std::size_t) {
        ++begun;
        whole.store(true);
    });
    CHECK(begun <= 2);
    CHECK(whole.questions() > 0);
}

TEST_CASE("parallel: a part that is called off leaves the whole alone", "[unit][render]") {
    CancelFlag whole{false};
    CancelFlag part(&whole);
    CHECK_FALSE(part);
    part.store(true);
    CHECK(part);
    CHECK_FALSE(whole);
}

TEST_CASE("render: every stored genome sounds the same to the bit on several threads", "[unit][render]") {
    CpuCppn cppn;
    const CancelFlag go_on{false};
    RenderRequest request{.duration = 0.1, .note_delta = 3, .sample_rate = 16000};
    std::vector<std::string> files;
    for (const auto& entry : golden::genomes()) files.push_back(entry.file);
    for (const auto& sound : golden::sounds()) files.push_back(sound.genome_file);
    std::ranges::sort(files);
    const auto repeated = std::ranges::unique(files);
    files.erase(repeated.begin(), repeated.end());
    REQUIRE(files.size() >= 20);
    for (const std::string& file : files) {
        INFO(file);
        request.reverse = !request.reverse;
        const auto genome = parse_genome(golden::read_json(file));
        REQUIRE(genome);
        const auto one = Renderer(cppn).render_decoded(*genome, request, go_on);
        const auto four = Renderer(cppn, {}, nullptr, 4).render_decoded(*genome, request, go_on);
        REQUIRE(one);
        REQUIRE(four);
        CHECK(one->samples == four->samples);
    }
}

TEST_CASE("render: frequencies are evaluated at the same time where the evaluator lets them be",
          "[unit][render]") {
    const CancelFlag go_on{false};
    ConcurrentFake fake;
    Meeting meeting(4);
    std::atomic<int> met = 0;
    fake.act = [&](int call, const CancelFlag&) -> Result<void> {
        if (call < 4) met += meeting.join();
        return {};
    };
    REQUIRE(render_on(fake, 4, go_on));
    CHECK(met == 4);
    CHECK(fake.calls >= kFrequencies);

    fake.concurrent = false;
    std::set<std::thread::id> threads;
    fake.act = [&](int, const CancelFlag&) -> Result<void> {
        threads.insert(std::this_thread::get_id());
        return {};
    };
    REQUIRE(render_on(fake, 4, go_on));
    CHECK(threads == std::set{std::this_thread::get_id()});
}

TEST_CASE("render: an error at one frequency is reported and ends the evaluation of the others",
          "[unit][render]") {
    const std::size_t threads = GENERATE(1, 3);
    const CancelFlag go_on{false};
    ConcurrentFake fake;
    Meeting meeting(threads);
    const int last = static_cast<int>(threads) - 1;
    fake.act = [&](int call, const CancelFlag& stop) -> Result<void> {
        meeting.join();
        if (call == last) return Error{ErrorCode::Invalid, "no such output"};
        wait_until_set(stop);
        return Error{ErrorCode::Unavailable, "called off"};
    };
    const auto sound = render_on(fake, threads, go_on);
    REQUIRE_FALSE(sound);
    CHECK(sound.error() == Error{ErrorCode::Invalid, "no such output"});
    CHECK(fake.calls == last + 1);
    CHECK_FALSE(go_on);
}

TEST_CASE("render: what an evaluation throws reaches the caller, from any thread", "[unit][render]") {
    const CancelFlag go_on{false};
    ConcurrentFake fake;
    Meeting meeting(2);
    const auto caller = std::this_thread::get_id();
    fake.act = [&](int, const CancelFlag& stop) -> Result<void> {
        meeting.join();
        if (std::this_thread::get_id() != caller) throw std::bad_alloc();
        wait_until_set(stop);
        return Error{ErrorCode::Unavailable, "called off"};
    };
    CHECK_THROWS_AS(render_on(fake, 2, go_on), std::bad_alloc);
    CHECK(fake.calls == 2);
}

TEST_CASE("render: a job that is called off ends at all its frequencies", "[unit][render]") {
    CancelFlag cancelled{false};
    ConcurrentFake fake;
    Meeting meeting(3);
    fake.act = [&](int, const CancelFlag& stop) -> Result<void> {
        if (meeting.join()) cancelled.store(true);
        wait_until_set(stop);
        return {};  // as if it had been done already
    };
    const auto sound = render_on(fake, 3, cancelled);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().code == ErrorCode::Unavailable);
    CHECK(fake.calls == 3);
}
