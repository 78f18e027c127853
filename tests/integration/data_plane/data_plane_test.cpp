#include "daemon/io/data_plane.h"

#include <sys/resource.h>
#include <catch2/catch.hpp>

#include "tests/integration/data_plane/plane_fixture.h"
#include "tests/support/open_fds.h"

using namespace kpm;
using namespace kpm::io;
using channel::Type;
using test::count_open_fds;

TEST_CASE("data plane: round robin gives each worker every third connection", "[integration][data_plane]") {
    PlaneFixture fixture;
    std::vector<FakeWorker> workers;
    for (int i = 0; i < 3; ++i) workers.push_back(fixture.join_ready(i));
    for (std::size_t i = 0; i < 30; ++i) {
        const UniqueFd client = fixture.connect();
        REQUIRE(workers[i % 3].serve("w" + std::to_string(i % 3)));
        CHECK(read_all(client.get()) == "w" + std::to_string(i % 3));
    }
    for (int i = 0; i < 3; ++i) {
        REQUIRE(eventually([&] { return fixture.stats_of(i).accepted == 10; }));
        CHECK(fixture.stats_of(i).handed == 10);
        CHECK_FALSE(workers[static_cast<std::size_t>(i)].has_message());
    }
}

TEST_CASE("data plane: a worker that does not answer gets no more than its window",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker blocked = fixture.join_ready(0);
    FakeWorker busy = fixture.join_ready(1);
    const auto clients = fixture.connect(40);
    for (int i = 0; i < 40 - channel::kWindow; ++i) REQUIRE(busy.serve("busy"));
    CHECK(eventually([&] { return fixture.stats_of(1).accepted == 40 - channel::kWindow; }));
    CHECK(fixture.stats_of(0).unacked == channel::kWindow);
    for (int i = 0; i < channel::kWindow; ++i) CHECK(blocked.serve("late"));
    for (const UniqueFd& client : clients) {
        const std::string text = read_all(client.get());
        CHECK((text == "busy" || text == "late"));
    }
}

TEST_CASE("data plane: least connections goes to the worker with the smallest load",
          "[integration][data_plane]") {
    PlaneFixture fixture({.policy = core::BalancePolicy::LeastConnections, .max_connections = {}});
    FakeWorker loaded = fixture.join_ready(0);
    FakeWorker idle = fixture.join_ready(1);
    loaded.say(Type::Load, 5);
    REQUIRE(eventually([&] { return fixture.stats_of(0).load == 5; }));
    for (int i = 0; i < 5; ++i) {
        const UniqueFd client = fixture.connect();
        REQUIRE(idle.serve("idle"));
    }
    REQUIRE(eventually([&] { return fixture.stats_of(1).open == 0; }));
    idle.say(Type::Load, 9);
    REQUIRE(eventually([&] { return fixture.stats_of(1).load == 9; }));
    const UniqueFd client = fixture.connect();
    CHECK(loaded.serve("loaded"));
    CHECK(fixture.stats_of(1).load == 9);
}

TEST_CASE("data plane: without a worker connections wait in the backlog", "[integration][data_plane]") {
    PlaneFixture fixture;
    const auto clients = fixture.connect(20);
    FakeWorker worker = fixture.join(0);
    CHECK(fixture.stats().pools.at(0).accepted == 0);
    worker.say(Type::Ready);
    for (int i = 0; i < 20; ++i) REQUIRE(worker.serve("served"));
    for (const UniqueFd& client : clients) CHECK(read_all(client.get()) == "served");
    CHECK(fixture.stats().pools.at(0).accepted == 20);
}

TEST_CASE("data plane: a worker serves when it is ready and may", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join(0);
    fixture.plane().set_serving(PlaneFixture::id(0), false);
    worker.say(Type::Ready);
    REQUIRE(fixture.saw<WorkerReady>(0));
    const UniqueFd client = fixture.connect();
    CHECK(fixture.stats_of(0).ready);
    CHECK_FALSE(fixture.stats_of(0).serving);
    CHECK_FALSE(worker.has_message());
    fixture.plane().set_serving(PlaneFixture::id(0), true);
    CHECK(worker.serve("now"));
}

TEST_CASE("data plane: a draining worker is told, gets nothing more and says when it is done",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker old_one = fixture.join_ready(0);
    FakeWorker new_one = fixture.join_ready(1);
    fixture.plane().drain(PlaneFixture::id(0));
    const auto told = old_one.receive();
    REQUIRE(told.has_value());
    CHECK(told->head.type == Type::Drain);
    for (int i = 0; i < 4; ++i) {
        const UniqueFd client = fixture.connect();
        REQUIRE(new_one.serve("new"));
    }
    CHECK(fixture.count<WorkerDrained>(0) == 0);
    old_one.say(Type::Drained);
    CHECK(fixture.saw<WorkerDrained>(0));
    CHECK_FALSE(old_one.has_message());
    CHECK(fixture.stats_of(0).draining);
}

TEST_CASE("data plane: what a worker repeats is told once", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join_ready(0);
    std::uint64_t said = 0;
    const auto hear_all = [&] {
        worker.say(Type::Load, ++said);
        REQUIRE(eventually([&] { return fixture.stats_of(0).load == said; }));
    };
    for (int i = 0; i < 20; ++i) {
        worker.say(Type::State);
        worker.say(Type::State, 0, channel::kStateReady);
        worker.say(Type::Ready);
    }
    hear_all();
    CHECK(fixture.count<WorkerReady>(0) == 1);
    for (int i = 0; i < 20; ++i) worker.say(Type::Drained);
    hear_all();
    CHECK(fixture.count<WorkerDrained>(0) == 1);
    // What it says when it is told to drain is an answer.
    fixture.plane().drain(PlaneFixture::id(0));
    REQUIRE(worker.receive());
    for (int i = 0; i < 20; ++i) worker.say(Type::Drained);
    hear_all();
    CHECK(fixture.count<WorkerDrained>(0) == 2);
    for (int i = 0; i < 20; ++i) worker.say(Type::State, 0, channel::kStateReady | channel::kStateDraining);
    hear_all();
    CHECK(fixture.count<WorkerReady>(0) <= 2);
}

TEST_CASE("data plane: the limit of connections holds more back until one is done",
          "[integration][data_plane]") {
    PlaneFixture fixture({.policy = core::BalancePolicy::RoundRobin, .max_connections = 1});
    FakeWorker worker = fixture.join_ready(0);
    const auto clients = fixture.connect(2);
    const UniqueFd first = worker.take();
    REQUIRE(first);
    worker.say(Type::Accepted);
    REQUIRE(eventually([&] { return fixture.stats_of(0).open == 1; }));
    CHECK_FALSE(worker.has_message());
    worker.say(Type::Done);
    CHECK(worker.take());
}

TEST_CASE("data plane: a worker that was taken over serves again by its state", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join(0, true);
    const auto hello = worker.receive();
    REQUIRE(hello.has_value());
    CHECK(hello->head.type == Type::Hello);
    worker.say(Type::Accepted);  // of a connection that the kpmd before had sent
    worker.say(Type::State, 3, channel::kStateReady);
    REQUIRE(fixture.saw<WorkerReady>(0));
    CHECK(fixture.stats_of(0).open == 3);
    const UniqueFd client = fixture.connect();
    CHECK(worker.serve("again"));
}

TEST_CASE("data plane: a worker that was taken over while it drained gets nothing",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker draining = fixture.join(0, true);
    REQUIRE(draining.receive().has_value());
    draining.say(Type::State, 1, channel::kStateReady | channel::kStateDraining);
    REQUIRE(fixture.saw<WorkerReady>(0));
    FakeWorker other = fixture.join_ready(1);
    for (int i = 0; i < 4; ++i) {
        const UniqueFd client = fixture.connect();
        REQUIRE(other.serve("other"));
    }
    CHECK_FALSE(draining.has_message());
    CHECK_FALSE(fixture.stats_of(0).serving);
}

TEST_CASE("data plane: a malformed packet costs the worker its own channel only",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker broken = fixture.join_ready(0);
    FakeWorker sound = fixture.join_ready(1);
    REQUIRE(::send(broken.fd(), "short", 5, MSG_NOSIGNAL) == 5);
    CHECK(fixture.saw<WorkerGone>(0));
    for (int i = 0; i < 3; ++i) {
        const UniqueFd client = fixture.connect();
        REQUIRE(sound.serve("sound"));
    }
    CHECK(fixture.count<WorkerGone>(1) == 0);
}

TEST_CASE("data plane: messages of unknown types are ignored", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join_ready(0);
    worker.say(static_cast<Type>(999));
    const UniqueFd client = fixture.connect();
    CHECK(worker.serve("fine"));
    CHECK(fixture.count<WorkerGone>(0) == 0);
}

TEST_CASE("data plane: two thousand connections leave no descriptor behind", "[integration][data_plane]") {
    PlaneFixture fixture;
    std::vector<FakeWorker> workers;
    for (int i = 0; i < 2; ++i) workers.push_back(fixture.join_ready(i));
    fixture.stats();
    const std::size_t before = count_open_fds();
    for (int round = 0; round < 40; ++round) {
        const auto clients = fixture.connect(50);
        for (int served = 0; served < 50;) {
            for (FakeWorker& worker : workers) {
                if (served == 50 || !worker.has_message()) continue;
                REQUIRE(worker.serve("x"));
                ++served;
            }
        }
        for (const UniqueFd& client : clients) REQUIRE(read_all(client.get()) == "x");
    }
    CHECK(eventually([&] { return fixture.stats_of(0).accepted + fixture.stats_of(1).accepted == 2000; }));
    CHECK(count_open_fds() == before);
}

TEST_CASE("data plane: without descriptors accepting waits, says so once and goes on",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join(0);
    const UniqueFd client = fixture.connect();
    fixture.stats();

    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none_left{static_cast<rlim_t>(lowest_free), limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
    worker.say(Type::Ready);
    const bool told = eventually([&] { return fixture.count_trouble() > 0; });
    ::setrlimit(RLIMIT_NOFILE, &limit);

    CHECK(told);
    CHECK(worker.serve("after all"));
    CHECK(read_all(client.get()) == "after all");
    CHECK(fixture.count_trouble() == 1);
}

TEST_CASE("data plane: a worker for a pool that is not there is gone at once", "[integration][data_plane]") {
    PlaneFixture fixture;
    fixture.plane().remove_pool(kPool);
    const FakeWorker worker = fixture.join(0);
    CHECK(fixture.saw<WorkerGone>(0));
    CHECK(fixture.stats().pools.empty());
}

TEST_CASE("data plane: a probe goes to the worker that it is for, in the rotation or not",
          "[integration][data_plane][health]") {
    PlaneFixture fixture;
    FakeWorker other = fixture.join_ready(1), one = fixture.join_ready(2);
    fixture.plane().set_serving(PlaneFixture::id(2), false);
    ProbePair probe = make_probe();
    fixture.plane().pass_probe(PlaneFixture::id(2), std::move(probe.plane));
    const UniqueFd connection = one.take();
    REQUIRE(connection);
    SECTION("taken") {
        one.say(channel::Type::Accepted);
        CHECK(probe.answer.get() == "");
    }
    SECTION("refused: it goes to no other") {
        one.say(channel::Type::Refused, 0, 0, connection.get());
        CHECK(probe.answer.get() == "it has refused the connection");
    }
    SECTION("and it dies") {
        one.die();
        CHECK(probe.answer.get() == "its channel has ended");
    }
    CHECK_FALSE(other.take(std::chrono::milliseconds{50}));
}
