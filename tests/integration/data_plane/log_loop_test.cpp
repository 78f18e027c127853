#include "daemon/io/log_loop.h"

#include <fcntl.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <thread>

#include "daemon/io/log_feed.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

#ifdef __SANITIZE_ADDRESS__
// Of the sanitizer's runtime; its header is not installed everywhere.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

using namespace kpm;
using namespace kpm::io;
using kpm::test::eventually;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

struct Pipe {
    UniqueFd reader;
    UniqueFd writer;

    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        reader = UniqueFd(ends[0]);
        writer = UniqueFd(ends[1]);
    }
    // As an app does: blocking.
    void write(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t size = ::write(writer.get(), bytes.data(), bytes.size());
            REQUIRE(size > 0);
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }
};

class LogFixture {
public:
    explicit LogFixture(LogTargets targets = {}) : targets_(std::move(targets)) {
        if (targets_.out.empty()) targets_.out = path("out.log");
        if (targets_.err.empty()) targets_.err = path("err.log");
    }

    std::string path(const std::string& name) const { return folder_.path() / name; }
    LogLoop& loop() { return *loop_; }
    LogTargets& targets() { return targets_; }
    static LogSource source(int pm_id = 1) {
        return {.pm_id = pm_id, .incarnation = 5, .name = "app", .name_space = "default"};
    }
    void start(int pm_id = 1) {
        loop_->add_process(source(pm_id), std::move(out.reader), std::move(err.reader), targets_);
        loop_->wake();
    }
    // The app ends: its ends of the pipes close.
    bool finish() {
        out.writer.reset();
        err.writer.reset();
        return eventually([&] { return count<LogsEnded>() == 1; });
    }
    std::vector<LogSourceStats> stats() {
        std::promise<std::vector<LogSourceStats>> promise;
        loop_->request_stats([&](std::vector<LogSourceStats> stats) { promise.set_value(std::move(stats)); });
        return promise.get_future().get();
    }
    bool has_read(std::uint64_t bytes) {
        return eventually([&] {
            const auto now = stats();
            return now.size() == 1 && now[0].read >= bytes;
        });
    }
    template <class Event>
    std::vector<Event> events() {
        const std::lock_guard lock(mutex_);
        std::vector<Event> found;
        for (const LogEvent& event : events_)
            if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
        return found;
    }
    template <class Event>
    std::size_t count() {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::count_if(events_.begin(), events_.end(),
                          [](const LogEvent& event) { return std::holds_alternative<Event>(event); }));
    }
    // The control loop has dealt with what came.
    void forget_events() {
        const std::lock_guard lock(mutex_);
        events_.clear();
    }
    void stop() { loop_.reset(); }

    Pipe out, err;

private:
    TempDir folder_;
    LogTargets targets_;
    std::mutex mutex_;
    std::vector<LogEvent> events_;
    std::unique_ptr<LogLoop> loop_ = std::make_unique<LogLoop>([this](LogEvent event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(std::move(event));
    });
};

// What the program holds on its heap now.
std::size_t allocated_bytes() {
#ifdef __SANITIZE_ADDRESS__
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto heap = ::mallinfo2();
    return heap.uordblks + heap.hblkhd;
#endif
}

std::string all_bytes() {
    std::string bytes;
    for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
    return bytes;
}

}  // namespace

TEST_CASE("log loop: raw output arrives byte for byte, each stream in its file and both in one",
          "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().combined = fixture.path("all.log");
    fixture.start();
    const std::string bytes = all_bytes();
    fixture.out.write(bytes);
    REQUIRE(fixture.has_read(bytes.size()));
    fixture.err.write("no newline at the end");
    REQUIRE(fixture.finish());
    CHECK(read_file(fixture.path("out.log")) == bytes);
    CHECK(read_file(fixture.path("err.log")) == "no newline at the end");
    CHECK(read_file(fixture.path("all.log")) == bytes + "no newline at the end");
    CHECK(fixture.stats().empty());
}

TEST_CASE("log loop: the files are there before the first output", "[integration][log_loop]") {
    LogFixture fixture;
    REQUIRE(prepare_log_files(fixture.targets()));
    CHECK(std::filesystem::exists(fixture.path("out.log")));
    CHECK(std::filesystem::exists(fixture.path("err.log")));
}

TEST_CASE("log loop: with dates each line has one, whatever the writes", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().format = core::LogFormat::Timestamped;
    fixture.targets().date_format = "[T]";
    fixture.start();
    fixture.out.write("first li");
    REQUIRE(fixture.has_read(8));
    CHECK(read_file(fixture.path("out.log")).empty());
    fixture.out.write("ne\nsecond\n\nlast, unterm");
    REQUIRE(fixture.has_read(31));
    fixture.out.write("inated");
    REQUIRE(fixture.finish());
    CHECK(read_file(fixture.path("out.log")) == "T: first line\nT: second\nT: \nT: last, unterminated\n");
}

TEST_CASE("log loop: JSON has an object a line", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().format = core::LogFormat::Json;
    fixture.targets().date_format = "[T]";
    fixture.start();
    fixture.err.write("a\nb");
    REQUIRE(fixture.finish());
    CHECK(read_file(fixture.path("err.log")) ==
          R"({"message":"a\n","timestamp":"T","type":"err","process_id":1,"app_name":"app"})"
          "\n"
          R"({"message":"b","timestamp":"T","type":"err","process_id":1,"app_name":"app"})"
          "\n");
}

TEST_CASE("log loop: a renamed file is followed up by a new one after reopen", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.start();
    fixture.out.write("before\n");
    REQUIRE(fixture.has_read(7));
    std::filesystem::rename(fixture.path("out.log"), fixture.path("out.log.1"));
    fixture.loop().reopen(2);  // another app
    fixture.out.write("between\n");
    REQUIRE(fixture.has_read(15));
    fixture.loop().reopen(1);
    fixture.stats();
    fixture.out.write("after\n");
    REQUIRE(fixture.finish());
    CHECK(read_file(fixture.path("out.log.1")) == "before\nbetween\n");
    CHECK(read_file(fixture.path("out.log")) == "after\n");
}

TEST_CASE("log loop: a full disk stalls neither the app nor its other stream", "[integration][log_loop]") {
    LogFixture fixture({.out = "/dev/full", .err = {}, .combined = {}, .date_format = {}});
    fixture.start();
    const std::string chunk(4096, 'x');
    for (int i = 0; i < 256; ++i) fixture.out.write(chunk);  // far more than a pipe holds
    fixture.err.write("well\n");
    REQUIRE(fixture.has_read(256 * chunk.size() + 5));
    CHECK(read_file(fixture.path("err.log")) == "well\n");
    CHECK(fixture.stats().at(0).dropped_writes == 256 * chunk.size());
    const auto failures = fixture.events<LogWriteFailed>();
    REQUIRE(failures.size() == 1);
    CHECK(failures[0].reason == "cannot write '/dev/full': No space left on device");
    CHECK(failures[0].path == "/dev/full");
    // It ends in the trouble: what was lost until then is told.
    REQUIRE(fixture.finish());
    const auto losses = fixture.events<LogWriteLost>();
    REQUIRE_FALSE(losses.empty());
    CHECK(losses.back().dropped == 256 * chunk.size());
    CHECK(losses.back().is_end);
}

TEST_CASE("log loop: one that is let go in the trouble tells what was lost", "[integration][log_loop]") {
    LogFixture fixture({.out = "/dev/full", .err = {}, .combined = {}, .date_format = {}});
    fixture.start();
    fixture.out.write("lost\n");
    fixture.loop().detach(LogFixture::source());
    REQUIRE(eventually([&] { return fixture.count<LogsEnded>() == 1; }));
    const auto losses = fixture.events<LogWriteLost>();
    REQUIRE(losses.size() == 1);
    CHECK(losses[0].dropped == 5);
    CHECK(losses[0].is_end);
}

TEST_CASE("log loop: paths that mean nothing make no file, disabled ones are only read",
          "[integration][log_loop]") {
    LogFixture fixture({.out = "/dev/null", .err = "NULL", .combined = {}, .date_format = {}});
    fixture.targets().disabled = GENERATE(false, true);
    fixture.targets().combined = fixture.path("all.log");
    fixture.loop().set_following(true);
    fixture.start();
    fixture.out.write("text\n");
    REQUIRE(fixture.has_read(5));
    REQUIRE(fixture.finish());
    CHECK_FALSE(std::filesystem::exists("NULL"));
    CHECK(std::filesystem::exists(fixture.path("all.log")) != fixture.targets().disabled);
    CHECK(fixture.count<LogChunk>() == (fixture.targets().disabled ? 0 : 1));
}

TEST_CASE("log loop: followers get what the files get, and nothing is made without them",
          "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().format = core::LogFormat::Timestamped;
    fixture.targets().date_format = "[T]";
    fixture.start();
    fixture.out.write("unheard\n");
    REQUIRE(fixture.has_read(8));
    CHECK(fixture.count<LogChunk>() == 0);
    fixture.loop().set_following(true);
    fixture.stats();
    fixture.err.write("heard\n");
    REQUIRE(eventually([&] { return fixture.count<LogChunk>() == 1; }));
    const LogChunk chunk = fixture.events<LogChunk>().at(0);
    CHECK(chunk.text == "T: heard\n");
    CHECK(chunk.stream == core::LogStream::Err);
    CHECK(chunk.source.name == "app");
    CHECK(chunk.dropped == 0);
    fixture.loop().set_following(false);
    fixture.stats();
    fixture.out.write("unheard\n");
    REQUIRE(fixture.has_read(22));
    CHECK(fixture.count<LogChunk>() == 1);
}

TEST_CASE("log loop: followers get whole characters, also of a last one that is never finished",
          "[integration][log_loop]") {
    LogFixture fixture;
    fixture.start();
    fixture.loop().set_following(true);
    fixture.stats();
    fixture.out.write("5 \xe2\x82");
    REQUIRE(eventually([&] { return fixture.count<LogChunk>() == 1; }));
    CHECK(fixture.events<LogChunk>().at(0).text == "5 ");
    fixture.out.write("\xac\xc3");
    REQUIRE(eventually([&] { return fixture.count<LogChunk>() == 2; }));
    CHECK(fixture.events<LogChunk>().at(1).text == "\xe2\x82\xac");
    fixture.out.writer.reset();
    REQUIRE(eventually([&] { return fixture.count<LogChunk>() == 3; }));
    CHECK(fixture.events<LogChunk>().at(2).text == "\xc3");
}

TEST_CASE("log loop: a control loop that is behind loses pieces, which are counted, but no file does",
          "[integration][log_loop]") {
    LogFixture fixture;
    fixture.start();
    fixture.loop().set_following(true);
    fixture.stats();
    constexpr std::size_t kTotal = 3 * LogFeed::kMaxInFlight;
    const std::string chunk(std::size_t{64} << 10, 'x');
    for (std::size_t sent = 0; sent < kTotal; sent += chunk.size()) fixture.out.write(chunk);
    REQUIRE(fixture.has_read(kTotal));
    std::size_t received = 0;
    for (const LogChunk& one : fixture.events<LogChunk>()) received += one.text.size();
    CHECK(received <= LogFeed::kMaxInFlight);
    CHECK(fixture.stats().at(0).dropped_followers == kTotal - received);

    fixture.forget_events();
    fixture.out.write("caught up\n");
    REQUIRE(eventually([&] { return fixture.count<LogChunk>() == 1; }));
    CHECK(fixture.events<LogChunk>().at(0).text == "caught up\n");
    CHECK(fixture.events<LogChunk>().at(0).dropped == kTotal - received);
    REQUIRE(fixture.finish());
    CHECK(std::filesystem::file_size(fixture.path("out.log")) == kTotal + 10);
}

TEST_CASE("log loop: much output takes no memory", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().format = GENERATE(core::LogFormat::Raw, core::LogFormat::Timestamped);
    fixture.start();
    fixture.stats();
    const std::string endless(std::size_t{1} << 20, 'x');  // not one newline
    constexpr std::size_t kMegabytes = 48;
    const std::size_t before = allocated_bytes();
    std::size_t most = before;
    for (std::size_t i = 0; i < kMegabytes; ++i) {
        fixture.out.write(endless);
        most = std::max(most, allocated_bytes());
    }
    REQUIRE(fixture.finish());
    CHECK(std::filesystem::file_size(fixture.path("out.log")) >= kMegabytes << 20);
    CHECK(most - before < 8 * core::kMaxLogLine);
}

TEST_CASE("log loop: a chatty app does not starve another one", "[integration][log_loop]") {
    LogFixture chatty;
    chatty.targets().out = "/dev/null";
    chatty.start();
    Pipe quiet;
    LogTargets quiet_targets{.out = chatty.path("quiet.log"), .err = {}, .combined = {}, .date_format = {}};
    chatty.loop().add_process(LogFixture::source(2), std::move(quiet.reader), UniqueFd(), quiet_targets);
    chatty.loop().wake();
    std::atomic<bool> enough = false;
    std::thread noise([&, writer = chatty.out.writer.get()] {
        const std::string chunk(65536, 'n');
        while (!enough && ::write(writer, chunk.data(), chunk.size()) > 0) {
        }
    });
    quiet.write("heard\n");
    const bool heard = eventually([&] { return read_file(chatty.path("quiet.log")) == "heard\n"; });
    enough = true;
    noise.join();
    CHECK(heard);
}

TEST_CASE("log loop: detach stores what is there although the pipe stays open", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.targets().format = core::LogFormat::Timestamped;
    fixture.targets().date_format = "[T]";
    fixture.start();
    fixture.out.write("whole\npart");
    fixture.loop().detach(LogFixture::source());
    REQUIRE(eventually([&] { return fixture.count<LogsEnded>() == 1; }));
    CHECK(read_file(fixture.path("out.log")) == "T: whole\nT: part\n");
    CHECK(fixture.events<LogsEnded>().at(0).source.pm_id == 1);
}

TEST_CASE("log loop: stopping stores what is in the pipes", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.start();
    fixture.out.write("the last words");
    fixture.stop();
    CHECK(read_file(fixture.path("out.log")) == "the last words");
}

TEST_CASE("log loop: a process without pipes ends at once", "[integration][log_loop]") {
    LogFixture fixture;
    fixture.loop().add_process(LogFixture::source(), UniqueFd(), UniqueFd(), fixture.targets());
    fixture.loop().wake();
    CHECK(eventually([&] { return fixture.count<LogsEnded>() == 1; }));
}

TEST_CASE("log loop: what cannot be polled is reported and counts as ended", "[integration][log_loop]") {
    LogFixture fixture;
    UniqueFd file(::open(fixture.path("file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(file);
    fixture.loop().add_process(LogFixture::source(), std::move(file), UniqueFd(), fixture.targets());
    fixture.loop().wake();
    CHECK(eventually([&] { return fixture.count<LogsEnded>() == 1; }));
    CHECK(fixture.count<LogReadFailed>() == 1);
}
