// NOTIFY_SOCKET with real senders: who is heard, and what hostile ones can do.
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "daemon/io/notify_receiver.h"
#include "tests/support/notify_sender.h"
#include "tests/support/open_fds.h"
#include "tests/support/run_loop.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using test::Actor;
using test::count_open_fds;
using test::Kinship;
using test::send_as;
using test::send_notification;

namespace {

constexpr core::AppKey kApp{3, 30}, kOther{4, 40};

struct NotifyFixture {
    TempDir directory;
    ipc::Home home{directory.path()};
    Loop loop;
    std::vector<std::pair<core::AppKey, core::Notification>> heard;
    std::vector<std::string> notices;
    std::unique_ptr<NotifyReceiver> receiver;

    explicit NotifyFixture(NotifyAddress kind = NotifyAddress::File) {
        auto socket = open_notify_socket(home, kind);
        if (!socket) FAIL(socket.error().message);
        receive(*std::move(socket));
    }

    void receive(UniqueFd socket) {
        auto opened = NotifyReceiver::open(
            loop, std::move(socket),
            {.on_notification = [this](const core::AppKey& key,
                                       core::Notification told) { heard.emplace_back(key, std::move(told)); },
             .on_notice = [this](std::string line) { notices.push_back(std::move(line)); }});
        REQUIRE(opened);
        receiver = *std::move(opened);
    }
    std::string address() const { return receiver->address(); }
};

// A sender without a right to be heard, while an app is there.
void check_refused(NotifyFixture& fixture, Actor& sender) {
    Actor app([] { return 0; });
    fixture.receiver->add(kOther, app.pid());
    CHECK(sender.act() == 0);
    fixture.receiver->read_pending();
    CHECK(fixture.heard.empty());
    REQUIRE(fixture.notices.size() == 1);
    CHECK(fixture.notices[0].find("it belongs to no app") != std::string::npos);
}

}  // namespace

TEST_CASE("notify: the loop hears a root process, and knows whose it is", "[integration][io][notify]") {
    const auto kind = GENERATE(NotifyAddress::File, NotifyAddress::Abstract);
    NotifyFixture fixture(kind);
    CHECK(fixture.address().starts_with(kind == NotifyAddress::File ? "/" : "@kpm-notify-"));
    Actor app([&] { return send_notification(fixture.address(), "READY=1\nSTATUS=up"); });
    Actor other([&] { return send_notification(fixture.address(), "STOPPING=1"); });
    fixture.receiver->add(kApp, app.pid());
    fixture.receiver->add(kOther, other.pid());
    REQUIRE(app.act() == 0);
    REQUIRE(other.act() == 0);
    REQUIRE(run_until(fixture.loop, [&] { return fixture.heard.size() == 2; }));
    CHECK(fixture.heard[0].first == kApp);
    CHECK(fixture.heard[0].second == core::Notification{.is_ready = true, .status = "up"});
    CHECK(fixture.heard[1].first == kOther);
    CHECK(fixture.heard[1].second.is_stopping);
    CHECK(fixture.notices.empty());
}

TEST_CASE("notify: descendants are heard as their app", "[integration][io][notify]") {
    const auto kinship = GENERATE(Kinship::Child, Kinship::Zombie, Kinship::Orphan, Kinship::OwnSession);
    CAPTURE(static_cast<int>(kinship));
    NotifyFixture fixture;
    Actor app([&] { return send_as(kinship, fixture.address(), "READY=1"); });
    fixture.receiver->add(kApp, app.pid());
    REQUIRE(app.act() == 0);
    fixture.receiver->read_pending();
    REQUIRE(fixture.heard.size() == 1);
    CHECK(fixture.heard[0].first == kApp);
}

TEST_CASE("notify: who has left the session and lost its parent is a stranger", "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor app([&] { return send_as(Kinship::OwnSessionOrphan, fixture.address(), "READY=1"); });
    fixture.receiver->add(kApp, app.pid());
    check_refused(fixture, app);
}

TEST_CASE("notify: strangers are not heard, and told of once a minute", "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor stranger([&] {
        for (int i = 0; i < 5; ++i)
            if (const int error = send_notification(fixture.address(), "READY=1")) return error;
        return 0;
    });
    check_refused(fixture, stranger);
}

TEST_CASE("notify: a process that has ended is heard until it is removed", "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor app([&] {
        return send_notification(fixture.address(), "STOPPING=1") |
               send_notification(fixture.address(), "STATUS=bye");
    });
    fixture.receiver->add(kApp, app.pid());
    REQUIRE(app.act() == 0);
    app.leave();
    app.reap();
    fixture.receiver->read_pending();
    REQUIRE(fixture.heard.size() == 2);
    CHECK(fixture.heard[0].second.is_stopping);
}

TEST_CASE("notify: after its removal the pid is a stranger's", "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor app([&] { return send_notification(fixture.address(), "READY=1"); });
    fixture.receiver->add(kApp, app.pid());
    fixture.receiver->remove(kApp, app.pid());
    check_refused(fixture, app);
}

TEST_CASE("notify: a process that speaks before its pid is known is heard then",
          "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor early([&] { return send_as(Kinship::Child, fixture.address(), "READY=1"); });
    fixture.receiver->expect(kApp);
    fixture.receiver->expect(kOther);
    REQUIRE(early.act() == 0);
    fixture.receiver->read_pending();
    CHECK(fixture.heard.empty());
    Actor other([] { return 0; });
    fixture.receiver->add(kOther, other.pid());
    CHECK(fixture.heard.empty());
    fixture.receiver->add(kApp, early.pid());
    REQUIRE(fixture.heard.size() == 1);
    CHECK(fixture.heard[0].first == kApp);
    CHECK(fixture.notices.empty());
}

TEST_CASE("notify: what nobody expected has said is dropped when all are known",
          "[integration][io][notify]") {
    NotifyFixture fixture;
    Actor stranger([&] {
        for (int i = 0; i < 400; ++i)
            if (const int error = send_notification(fixture.address(), "READY=1")) return error;
        return 0;
    });
    fixture.receiver->expect(kApp);
    // The socket takes fewer than these: they are read meanwhile.
    auto acting = std::async(std::launch::async, [&] { return stranger.act(); });
    while (acting.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
        fixture.receiver->read_pending();
    CHECK(acting.get() == 0);
    fixture.receiver->read_pending();
    CHECK(fixture.notices.empty());
    fixture.receiver->remove(kApp);  // its start has failed
    CHECK(fixture.notices.size() == 1);
    CHECK(fixture.heard.empty());
}

TEST_CASE("notify: a datagram of 4096 bytes is read, a longer one refused", "[integration][io][notify]") {
    NotifyFixture fixture;
    const std::string head = "READY=1\nSTATUS=";
    const std::size_t size = GENERATE(as<std::size_t>{}, 4096, 4097, 100000);
    const std::string text = head + std::string(size - head.size(), 'x');
    Actor app([&] { return send_notification(fixture.address(), text); });
    fixture.receiver->add(kApp, app.pid());
    REQUIRE(app.act() == 0);
    fixture.receiver->read_pending();
    if (size <= core::kMaxNotification) {
        REQUIRE(fixture.heard.size() == 1);
        CHECK(fixture.heard[0].second.status->size() == size - head.size());
    } else {
        CHECK(fixture.heard.empty());
        REQUIRE(fixture.notices.size() == 1);
        CHECK(fixture.notices[0].find("more than 4096 bytes") != std::string::npos);
    }
}

TEST_CASE("notify: descriptors that come along are closed", "[integration][io][notify]") {
    NotifyFixture fixture;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    Actor app([&] {
        const int error = send_notification(fixture.address(), "BARRIER=1", writer.get());
        ::close(writer.get());
        return error;
    });
    writer.reset();
    fixture.receiver->add(kApp, app.pid());
    REQUIRE(app.act() == 0);
    const auto is_closed = [&] {
        pollfd end{reader.get(), 0, 0};
        return ::poll(&end, 1, 0) == 1 && (end.revents & POLLHUP) != 0;
    };
    CHECK_FALSE(is_closed());  // it waits in the datagram
    const std::size_t before = count_open_fds();
    fixture.receiver->read_pending();
    CHECK(fixture.heard.size() == 1);
    CHECK(is_closed());
    CHECK(count_open_fds() == before);
}

TEST_CASE("notify: another user cannot send to the file, and to the abstract name only as an app",
          "[integration][io][notify]") {
    if (::geteuid() != 0) {
        WARN("NOT TESTED: only root can become another user");
        return;
    }
    const auto kind = GENERATE(NotifyAddress::File, NotifyAddress::Abstract);
    NotifyFixture fixture(kind);
    REQUIRE(::chmod(fixture.directory.path().c_str(), 0755) == 0);
    const auto send_as_nobody = [&] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) return ENOSYS;
        return send_notification(fixture.address(), "READY=1");
    };
    Actor app(send_as_nobody);
    fixture.receiver->add(kApp, app.pid());
    CHECK(app.act() == (kind == NotifyAddress::File ? EACCES : 0));
    fixture.receiver->read_pending();
    CHECK(fixture.heard.size() == (kind == NotifyAddress::File ? 0 : 1));
    if (kind == NotifyAddress::File) return;
    fixture.heard.clear();
    Actor stranger(send_as_nobody);
    check_refused(fixture, stranger);
}

TEST_CASE("notify: what is sent while there is no daemon waits for the next one",
          "[integration][io][notify]") {
    const auto kind = GENERATE(NotifyAddress::File, NotifyAddress::Abstract);
    NotifyFixture fixture(kind);
    const std::string address = fixture.address();
    std::vector<KeptFd> kept;
    kept.push_back({7, 0, UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))});
    kept.push_back({kNotifyOwner, 0, UniqueFd(::fcntl(fixture.receiver->socket(), F_DUPFD_CLOEXEC, 3))});
    fixture.receiver.reset();
    Actor app([&] { return send_notification(address, "READY=1"); });
    REQUIRE(app.act() == 0);
    UniqueFd inherited = inherited_notify_socket(kept);
    REQUIRE(inherited);
    CHECK(kept.size() == 1);
    fixture.receive(std::move(inherited));
    CHECK(fixture.address() == address);
    fixture.receiver->add(kApp, app.pid());
    fixture.receiver->read_pending();
    CHECK(fixture.heard.size() == 1);
    CHECK_FALSE(inherited_notify_socket(kept));
}

TEST_CASE("notify: a socket whose file is gone is not taken over", "[integration][io][notify]") {
    NotifyFixture fixture;
    std::vector<KeptFd> kept;
    kept.push_back({kNotifyOwner, 0, UniqueFd(::fcntl(fixture.receiver->socket(), F_DUPFD_CLOEXEC, 3))});
    REQUIRE(::unlink(fixture.address().c_str()) == 0);
    CHECK_FALSE(inherited_notify_socket(kept));
    CHECK(kept.empty());
}

TEST_CASE("notify: an old socket's file is replaced, another file is not", "[integration][io][notify]") {
    NotifyFixture fixture;
    struct stat file {};
    REQUIRE(::lstat(fixture.address().c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0600);
    CHECK(open_notify_socket(fixture.home, NotifyAddress::File));
    REQUIRE(::unlink(fixture.address().c_str()) == 0);
    std::ofstream(fixture.address()) << "precious";
    const auto refused = open_notify_socket(fixture.home, NotifyAddress::File);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("cannot bind") != std::string::npos);
    CHECK(std::filesystem::file_size(fixture.address()) == 8);
}
