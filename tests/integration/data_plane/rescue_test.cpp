// Connections that one worker did not answer for and another one gets.

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>

#include "tests/integration/data_plane/plane_fixture.h"

using namespace kpm;
using namespace kpm::io;
using channel::Type;

namespace {

void check_all_served(const std::vector<UniqueFd>& clients, FakeWorker& worker, std::string_view text) {
    for (std::size_t i = 0; i < clients.size(); ++i) REQUIRE(worker.serve(text));
    for (const UniqueFd& client : clients) CHECK(read_all(client.get()) == text);
}

}  // namespace

TEST_CASE("rescue: a process killed with unanswered connections loses none", "[integration][data_plane]") {
    PlaneFixture fixture;
    ChannelPair ends = make_channel();
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        // A worker that takes connections off its channel and then hangs. Only system calls after a fork.
        const channel::ChannelMessage ready{.type = Type::Ready};
        if (::send(ends.worker.get(), &ready, sizeof ready, 0) < 0) ::_exit(1);
        for (;;) ::pause();
    }
    ends.worker.reset();
    fixture.plane().add_worker(kPool, PlaneFixture::id(0), std::move(ends.kpmd), false);
    REQUIRE(fixture.saw<WorkerReady>(0));
    const auto clients = fixture.connect(channel::kWindow);
    REQUIRE(eventually([&] { return fixture.stats_of(0).unacked == channel::kWindow; }));

    FakeWorker heir = fixture.join_ready(1);
    ::kill(child, SIGKILL);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    REQUIRE(fixture.saw<WorkerGone>(0));
    check_all_served(clients, heir, "rescued");
    CHECK(eventually([&] { return fixture.stats_of(1).accepted == channel::kWindow; }));
    CHECK(fixture.stats_of(1).rescued == channel::kWindow);
}

TEST_CASE("rescue: connections wait for the next worker when the last one has died",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker last = fixture.join_ready(0);
    const auto clients = fixture.connect(12);  // more than a window: the rest is in the backlog
    REQUIRE(eventually([&] { return fixture.stats_of(0).unacked == channel::kWindow; }));
    last.die();
    REQUIRE(fixture.saw<WorkerGone>(0));
    CHECK(fixture.stats().pools.at(0).pending == channel::kWindow);
    FakeWorker next = fixture.join_ready(1);
    check_all_served(clients, next, "next");
}

TEST_CASE("rescue: what was answered before the death stays with the dead", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker dying = fixture.join_ready(0);
    const auto clients = fixture.connect(3);
    REQUIRE(eventually([&] { return fixture.stats_of(0).unacked == 3; }));
    UniqueFd accepted = dying.take();
    dying.say(Type::Accepted);
    dying.die();  // with two packets unread, which the kernel reports as a reset first
    REQUIRE(fixture.saw<WorkerGone>(0));
    accepted.reset();
    FakeWorker heir = fixture.join_ready(1);
    REQUIRE(heir.serve("heir"));
    REQUIRE(heir.serve("heir"));
    CHECK(read_all(clients[0].get()).empty());
    CHECK(read_all(clients[1].get()) == "heir");
    CHECK(read_all(clients[2].get()) == "heir");
    CHECK(fixture.stats().pools.at(0).rescued == 2);
}

TEST_CASE("rescue: a refused connection goes to another worker", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker unwilling = fixture.join_ready(0);
    const UniqueFd client = fixture.connect();
    const UniqueFd connection = unwilling.take();
    REQUIRE(connection);
    FakeWorker willing = fixture.join_ready(1);
    unwilling.say(Type::Refused, 0, 0, connection.get());
    CHECK(willing.serve("welcome"));
    CHECK(fixture.stats_of(0).refused == 1);
    CHECK(fixture.stats_of(0).unacked == 0);
}

TEST_CASE("rescue: a lone worker that refused gets the connection again", "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join_ready(0);
    const UniqueFd client = fixture.connect();
    for (int i = 0; i < 3; ++i) {
        const UniqueFd connection = worker.take();
        REQUIRE(connection);
        worker.say(Type::Refused, 0, 0, connection.get());
    }
    CHECK(worker.serve("at last"));
    CHECK(read_all(client.get()) == "at last");
}

TEST_CASE("rescue: a refusal out of turn names its connection by the descriptor",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker worker = fixture.join_ready(0);
    const auto clients = fixture.connect(2);
    UniqueFd first = worker.take();
    const UniqueFd second = worker.take();
    REQUIRE((first && second));
    FakeWorker other = fixture.join_ready(1);
    worker.say(Type::Refused, 0, 0, second.get());
    CHECK(other.serve("second"));
    worker.say(Type::Accepted);
    CHECK(eventually([&] { return fixture.stats_of(0).open == 1; }));
    first.reset();
    CHECK(read_all(clients[0].get()).empty());
}

TEST_CASE("rescue: a connection that is refused while kpmd has no free descriptor goes to another worker",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker unwilling = fixture.join_ready(0);
    const UniqueFd client = fixture.connect();
    const UniqueFd connection = unwilling.take();
    REQUIRE(connection);
    FakeWorker willing = fixture.join_ready(1);
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const int lowest_free = ::dup(0);
    ::close(lowest_free);
    const rlimit none_left{static_cast<rlim_t>(lowest_free), limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
    unwilling.say(Type::Refused, 0, 0, connection.get());
    const bool is_heard = eventually([&] { return fixture.stats_of(0).refused == 1; });
    ::setrlimit(RLIMIT_NOFILE, &limit);
    CHECK(is_heard);
    CHECK(willing.serve("welcome"));
    CHECK(fixture.count<WorkerGone>(0) == 0);
}

TEST_CASE("rescue: what the kpmd before had sent can be refused, too", "[integration][data_plane]") {
    PlaneFixture fixture;
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const UniqueFd client(ends[0]);
    UniqueFd connection(ends[1]);
    FakeWorker resumed = fixture.join(0, true);
    REQUIRE(resumed.receive().has_value());
    resumed.say(Type::Refused, 0, 0, connection.get());
    connection.reset();
    FakeWorker other = fixture.join_ready(1);
    CHECK(other.serve("kept"));
    CHECK(read_all(client.get()) == "kept");
}

TEST_CASE("rescue: connections beyond those that may wait are closed, which is told",
          "[integration][data_plane]") {
    constexpr std::uint64_t kMayWait = 1024, kMore = 40;
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    const rlimit enough{std::max(limit.rlim_cur, std::min<rlim_t>(limit.rlim_max, 4096)), limit.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &enough) == 0);
    {
        PlaneFixture fixture;
        FakeWorker resumed = fixture.join(0, true);
        REQUIRE(resumed.receive().has_value());
        const UniqueFd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        for (std::uint64_t i = 1; i <= kMayWait + kMore; ++i) {
            resumed.say(Type::Refused, 0, 0, connection.get());
            if (i % 32 == 0) REQUIRE(eventually([&] { return fixture.stats_of(0).refused == i; }));
        }
        CHECK(eventually([&] { return fixture.stats().pools.at(0).lost == kMore; }));
        CHECK(fixture.stats().pools.at(0).pending == kMayWait);
        CHECK(fixture.count_trouble() == 1);
    }
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_CASE("rescue: removing a worker passes its unanswered connections on, without an event",
          "[integration][data_plane]") {
    PlaneFixture fixture;
    FakeWorker removed = fixture.join_ready(0);
    const auto clients = fixture.connect(3);
    REQUIRE(eventually([&] { return fixture.stats_of(0).unacked == 3; }));
    FakeWorker heir = fixture.join_ready(1);
    fixture.plane().remove_worker(PlaneFixture::id(0));
    removed.die();
    check_all_served(clients, heir, "heir");
    CHECK(fixture.count<WorkerGone>(0) == 0);
}

TEST_CASE("rescue: a channel without room is skipped until there is some", "[integration][data_plane]") {
    PlaneFixture fixture;
    ChannelPair ends = make_channel();
    const int smallest = 1;  // the kernel makes it a few kilobytes: some packets
    REQUIRE(::setsockopt(ends.kpmd.get(), SOL_SOCKET, SO_SNDBUF, &smallest, sizeof smallest) == 0);
    FakeWorker narrow(std::move(ends.worker));
    fixture.plane().add_worker(kPool, PlaneFixture::id(0), std::move(ends.kpmd), false);
    narrow.say(Type::Ready);
    REQUIRE(fixture.saw<WorkerReady>(0));
    const auto clients = fixture.connect(channel::kWindow);
    REQUIRE(eventually([&] { return fixture.stats().pools.at(0).pending == 1; }));
    const std::uint64_t taken = fixture.stats_of(0).unacked;
    CHECK(taken < channel::kWindow);
    for (std::size_t i = 0; i < clients.size(); ++i) REQUIRE(narrow.serve("narrow"));
    for (const UniqueFd& client : clients) CHECK(read_all(client.get()) == "narrow");
}
