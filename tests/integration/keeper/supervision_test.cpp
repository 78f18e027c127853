// kpmd's lives under one keeper: start, death, inventory, end.

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/io/process_scan.h"
#include "ipc/base/fd_passing.h"
#include "ipc/base/text.h"
#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using namespace kpm::test;
using keeper::Kind;

namespace {

std::size_t open_fds(pid_t pid) {
    const auto folder = std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", pid));
    return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

// Also the dead.
std::size_t children_of(pid_t parent) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (!is_number(name)) continue;
        const UniqueFd file(::open((entry.path() / "stat").c_str(), O_RDONLY | O_CLOEXEC));
        char text[512] = {};
        if (!file || ::read(file.get(), text, sizeof text - 1) <= 0) continue;
        const std::string_view stat(text);
        int parent_pid = 0;
        if (std::sscanf(text + stat.rfind(')'), ") %*c %d", &parent_pid) == 1 && parent_pid == parent)
            ++count;
    }
    return count;
}

std::string content_of(int fd) {
    char text[64] = {};
    REQUIRE(::pread(fd, text, sizeof text - 1, 0) >= 0);
    return text;
}

UniqueFd memfd_with(std::string_view text) {
    UniqueFd memfd(::memfd_create("test", MFD_CLOEXEC));
    REQUIRE(::write(memfd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    return memfd;
}

}  // namespace

TEST_CASE("keeper: the first inventory is empty", "[integration][keeper]") {
    KeeperFixture keeper;
    keeper.start();
    FakeKpmd kpmd = keeper.accept();
    const io::Inventory inventory = kpmd.inventory();
    CHECK(inventory.start_count == 1);
    CHECK(inventory.keeper_pid == keeper.pid());
    CHECK_FALSE(inventory.state);
    CHECK(inventory.children.empty());
    CHECK(kpmd.has_ready_fd());
}

TEST_CASE("keeper: a killed kpmd is followed by one that finds all: children, exits, descriptors, state",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd first = keeper.start_ready();
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    UniqueFd read_end(ends[0]);
    UniqueFd write_end(ends[1]);
    io::SpawnRequest request = shell("read line; echo \"got $line\"; exit 4");
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    int in[2];
    REQUIRE(::pipe2(in, O_CLOEXEC) == 0);
    const UniqueFd in_read(in[0]);
    UniqueFd in_write(in[1]);
    request.fds = {{in_read.get(), 0}, {write_end.get(), 1}, {null.get(), 2}};
    const Reply living = first.spawn(1, request);
    write_end.reset();
    first.spawn(2, shell("exit 9"));
    first.wait_exit(2);  // but not collected
    first.spawn(3, shell("exit 0"));
    first.wait_exit(3);
    first.send({Kind::Collected, 0, 3, 0, 0});
    first.send({Kind::Store, 0, 1, 10, 0}, {read_end.get()});
    first.send({Kind::Store, 0, 1, 11, 0}, {in_write.get()});
    first.send({Kind::Store, 0, 9, 0, 0}, {null.get()});
    first.send({Kind::Store, 0, 5, 0, 0}, {memfd_with("old").get()});
    first.send({Kind::Store, 0, 5, 0, 0}, {memfd_with("new").get()});
    first.send({Kind::DropOwner, 0, 9, 0, 0});
    first.send({Kind::SetState, 0, 0, 0, 0}, {memfd_with("older state").get()});
    first.send({Kind::SetState, 0, 0, 0, 0}, {memfd_with("the state").get()});
    read_end.reset();
    in_write.reset();
    first.kill();

    FakeKpmd second = keeper.accept();
    io::Inventory inventory = second.inventory();
    CHECK_FALSE(second.has_ready_fd());
    CHECK(inventory.start_count == 2);
    REQUIRE(inventory.state);
    CHECK(content_of(inventory.state.get()) == "the state");
    REQUIRE(inventory.children.size() == 1);
    CHECK(inventory.children[0].token == 1);
    CHECK(inventory.children[0].pid == living.message.pid);
    REQUIRE(inventory.exits.size() == 1);
    CHECK(inventory.exits[0].token == 2);
    CHECK(inventory.exits[0].exit_code == 9);
    REQUIRE(inventory.kept.size() == 3);
    int found = 0;
    for (io::KeptFd& kept : inventory.kept) {
        if (kept.owner == 5 && kept.slot == 0) found += content_of(kept.fd.get()) == "new";
        if (kept.owner == 1 && kept.slot == 10) read_end = std::move(kept.fd);
        if (kept.owner == 1 && kept.slot == 11) in_write = std::move(kept.fd);
    }
    CHECK(found == 1);
    REQUIRE(read_end);
    REQUIRE(in_write);

    // The child has noticed nothing: its pipes still work, and its exit comes to the new kpmd.
    REQUIRE(::write(in_write.get(), "hello\n", 6) == 6);
    char line[64] = {};
    REQUIRE(::read(read_end.get(), line, sizeof line) > 0);
    CHECK(std::string(line) == "got hello\n");
    CHECK(second.wait_exit(1).exit_code == 4);

    second.send({Kind::Collected, 0, 2, 0, 0});
    second.kill();
    FakeKpmd third = keeper.accept();
    inventory = third.inventory();
    CHECK(inventory.start_count == 3);
    REQUIRE(inventory.exits.size() == 1);
    CHECK(inventory.exits[0].token == 1);
    CHECK(inventory.children.empty());
}

TEST_CASE("keeper: what a kpmd asked for right before its death is done", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd first = keeper.start_ready();
    REQUIRE(::kill(keeper.pid(), SIGSTOP) == 0);
    const UniqueFd spec = memfd_of(shell("exec sleep 1000"));
    for (std::uint64_t token = 1; token <= 20; ++token)
        first.send({Kind::Spawn, 0, token, 0, 0}, {spec.get()});
    first.kill();
    REQUIRE(::kill(keeper.pid(), SIGCONT) == 0);
    FakeKpmd second = keeper.accept();
    const io::Inventory inventory = second.inventory();
    CHECK(inventory.children.size() == 20);
    for (const io::KeeperChild& child : inventory.children) ::kill(child.pid, SIGKILL);
    for (int i = 0; i < 20; ++i) CHECK(second.receive().message.kind == Kind::Exited);
}

TEST_CASE("keeper: a kpmd that reads nothing loses no answer and no exit", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const UniqueFd spec = memfd_of(shell("exit 0"));
    constexpr std::uint64_t kCount = 600;  // more than the socket holds
    std::uint64_t asked = 0;
    const auto ask = [&] {
        keeper::Message message{Kind::Spawn, 0, asked + 1, 0, 0};
        const int fd = spec.get();
        const auto sent =
            send_with_fds(kpmd.link(), std::as_bytes(std::span(&message, 1)), std::span(&fd, 1));
        if (sent) ++asked;
        return sent.has_value();
    };
    // Until both directions are full: the keeper has stopped reading because its answers have no room.
    REQUIRE(eventually([&] {
        while (asked < kCount && ask()) continue;
        return asked == kCount || children_of(keeper.pid()) <= 1;
    }));
    std::uint64_t spawned = 0;
    std::uint64_t exited = 0;
    std::vector<bool> known(kCount + 1);
    REQUIRE(eventually([&] {
        while (asked < kCount && ask()) continue;
        while (const auto reply = kpmd.receive_now()) {
            const auto token = static_cast<std::size_t>(reply->message.token);
            if (reply->message.kind == Kind::Spawned) {
                CHECK(reply->fds.size() == 1);
                known[token] = true;
                ++spawned;
            } else {
                CHECK(reply->message.kind == Kind::Exited);
                CHECK(known[token]);  // never before its Spawned
                ++exited;
            }
        }
        return spawned == kCount && exited == kCount;
    }));
}

TEST_CASE("keeper: orphans of its children are reaped", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    kpmd.spawn(1, shell("(setsid sh -c 'sleep 0.05' & ) ; (sleep 0.05 &) ; exit 0"));
    CHECK(kpmd.wait_exit(1).exit_code == 0);
    CHECK(eventually([&] { return children_of(keeper.pid()) == 1; }));  // kpmd alone
}

TEST_CASE("keeper: a thousand lives leave no descriptor and no zombie", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::SpawnRequest request = shell("");
    request.path = "/bin/true";
    request.argv = {"true"};
    const auto live_once = [&](std::uint64_t token) {
        REQUIRE(kpmd.spawn(token, request).message.kind == Kind::Spawned);
        kpmd.wait_exit(token);
        kpmd.send({Kind::Collected, 0, token, 0, 0});
        request.path = token % 10 == 0 ? "/nonexistent" : "/bin/true";
        if (token % 10 == 0) REQUIRE(kpmd.spawn(token + 100'000, request).message.kind == Kind::SpawnFailed);
        request.path = "/bin/true";
    };
    live_once(1);
    REQUIRE(eventually([&] { return open_fds(keeper.pid()) <= 10; }));
    const std::size_t before = open_fds(keeper.pid());
    for (std::uint64_t token = 2; token <= 1000; ++token) live_once(token);
    CHECK(eventually([&] { return open_fds(keeper.pid()) <= before; }));
    CHECK(children_of(keeper.pid()) == 1);
    const std::string status = [&] {
        const UniqueFd file(
            ::open(fmt::format("/proc/{}/status", keeper.pid()).c_str(), O_RDONLY | O_CLOEXEC));
        std::string text(8192, '\0');
        text.resize(static_cast<std::size_t>(::read(file.get(), text.data(), text.size())));
        return text;
    }();
    const long resident = std::strtol(status.c_str() + status.find("VmRSS:") + 6, nullptr, 10);
    UNSCOPED_INFO("resident: " << resident << " kB");
#ifdef KPM_SMALL_KEEPER
    CHECK(resident < 1024);
#else
    CHECK(resident > 0);
#endif
}

TEST_CASE("keeper: there is one per home", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const pid_t running = keeper.pid();
    keeper.start();
    CHECK(keeper.read_ready() == fmt::format("error: a daemon already runs in '{}'\n", keeper.home().path()));
    CHECK(WEXITSTATUS(keeper.wait().value_or(-1)) == 1);
    keeper.set_pid(running);
    CHECK(kpmd.spawn(1, shell("exit 0")).message.kind == Kind::Spawned);
}

TEST_CASE("keeper: what prevents the start is told to the waiter", "[integration][keeper]") {
    KeeperFixture keeper;
    std::string expected;
    SECTION("no such program") {
        keeper.start({}, "/nonexistent/kpmd");
        expected = "error: cannot execute '/nonexistent/kpmd': No such file or directory\n";
    }
    SECTION("no home") {
        std::filesystem::create_directory(keeper.home().path() + "/kpm.lock");
        keeper.start();
        expected = fmt::format("error: cannot open '{}/kpm.lock': Is a directory\n", keeper.home().path());
    }
    SECTION("kpmd ends without a word") {
        keeper.start({{"FAKE_KPMD_EXIT", "3"}});
        expected = "error: kpmd ended with exit code 3 before it was ready\n";
    }
    SECTION("kpmd says why") {
        keeper.start();
        FakeKpmd kpmd = keeper.accept();
        kpmd.say_ready("error: cannot listen\n");
        kpmd.exit(1);
        expected = "error: cannot listen\n";
    }
    CHECK(keeper.read_ready() == expected);
    CHECK(WEXITSTATUS(keeper.wait().value_or(-1)) == 1);
}

TEST_CASE("keeper: after Quit it exits with the code that kpmd chose, whatever kpmd left unread",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    kpmd.send({Kind::Spawn, 0, 1, 0, 0});  // answered by a SpawnFailed that stays in the socket
    kpmd.send({Kind::Quit, 0, 0, 17, 0});
    kpmd.exit(0);
    const auto status = keeper.wait();
    REQUIRE(status);
    CHECK(WIFEXITED(*status));
    CHECK(WEXITSTATUS(*status) == 17);
}

TEST_CASE("keeper: signals are passed on to kpmd", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    ::kill(keeper.pid(), SIGHUP);
    CHECK(kpmd.next_signal() == SIGHUP);
    ::kill(keeper.pid(), SIGUSR2);
    CHECK(kpmd.next_signal() == SIGUSR2);
    ::kill(keeper.pid(), SIGINT);
    CHECK(kpmd.next_signal() == SIGTERM);
    // A kpmd that dies over its stop is started again and told again.
    kpmd.kill();
    FakeKpmd next = keeper.accept();
    CHECK(next.next_signal() == SIGTERM);
    next.send({Kind::Quit, 0, 0, 0, 0});
    next.exit(0);
    CHECK(WEXITSTATUS(keeper.wait().value_or(-1)) == 0);
}

TEST_CASE("keeper: a kpmd that keeps dying is started again and again, with pauses",
          "[integration][keeper]") {
    KeeperFixture keeper;
    keeper.start_ready().kill();
    for (std::uint64_t life = 2; life <= 5; ++life) {
        FakeKpmd kpmd = keeper.accept();
        CHECK(kpmd.inventory().start_count == life);
        kpmd.kill();
    }
    REQUIRE(eventually(
        [&] { return keeper.home().read("keeper.err").find("again in 200 ms") != std::string::npos; }));
    CHECK(keeper.home().read("keeper.err").find("again in 0 ms") != std::string::npos);
}

TEST_CASE("keeper: told to end it ends the apps itself when no kpmd comes up to do it",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const pid_t app = kpmd.spawn(1, shell("exec sleep 600")).message.pid;
    const pid_t deaf = kpmd.spawn(2, shell("trap '' TERM; while :; do sleep 0.1; done")).message.pid;
    REQUIRE(::kill(keeper.pid(), SIGTERM) == 0);
    CHECK(kpmd.next_signal() == SIGTERM);
    kpmd.kill();
    for (int life = 2; life <= 5; ++life) keeper.accept().kill();
    CHECK(WEXITSTATUS(keeper.wait().value_or(-1)) == 1);
    CHECK(::kill(app, 0) != 0);
    CHECK(::kill(deaf, 0) != 0);
    CHECK(keeper.home().read("keeper.err").find("ending 2 processes without it") != std::string::npos);
}

TEST_CASE("keeper: a service manager learns that kpmd is ready, and that only once",
          "[integration][keeper]") {
    KeeperFixture keeper;
    const std::string path = keeper.home().path() + "/manager.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    char text[64];
    const auto said = [&] {
        const ssize_t size = ::recv(manager.get(), text, sizeof text, 0);
        return std::string(text, size < 0 ? 0 : static_cast<std::size_t>(size));
    };
    keeper.start({{"NOTIFY_SOCKET", path}});
    FakeKpmd first = keeper.accept();
    first.inventory();
    CHECK(said().empty());
    first.say_ready();
    std::string word;
    CHECK(eventually([&] { return !(word = said()).empty(); }));
    CHECK(word == "READY=1");
    first.kill();
    FakeKpmd second = keeper.accept();
    second.inventory();
    CHECK(said().empty());
}

TEST_CASE("keeper: in the background it is its own session's, and writes to pm2.log",
          "[integration][keeper]") {
    KeeperFixture keeper;
    keeper.start({}, {}, false);
    CHECK(WEXITSTATUS(keeper.wait().value_or(-1)) == 0);
    FakeKpmd kpmd = keeper.accept();
    const pid_t pid = kpmd.inventory().keeper_pid;
    kpmd.say_ready();
    CHECK(keeper.read_ready() == "ready\n");
    const auto entry = io::read_process(pid);
    REQUIRE(entry);
    CHECK(entry->session != ::getsid(0));
    CHECK(entry->session != pid);  // no leader: it can never get a controlling terminal
    CHECK(std::filesystem::read_symlink(fmt::format("/proc/{}/cwd", pid)) == "/");
    CHECK(std::filesystem::read_symlink(fmt::format("/proc/{}/fd/2", pid)) ==
          keeper.home().path() + "/pm2.log");
    kpmd.send({static_cast<Kind>(999), 0, 1, 0, 0});
    CHECK(eventually([&] { return keeper.home().read("pm2.log") == "keeper: ignored message 999 for 1\n"; }));
    kpmd.send({Kind::Quit, 0, 0, 0, 0});
    kpmd.exit(0);
    CHECK(eventually([&] { return !io::read_process(pid); }));
}
