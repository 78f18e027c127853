#include "tests/integration/keeper/keeper_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "daemon/io/process_scan.h"
#include "ipc/base/fd_passing.h"

namespace kpm::test {
namespace {

std::string binary(const char* name) {
    const char* folder = std::getenv("KPM_BIN_DIR");
    return std::string(folder ? folder : "bin") + "/" + name;
}

bool wait_readable(int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1;
}

// Everything below the keeper; it is gone when the keeper itself is killed after.
void kill_descendants(pid_t root) {
    for (int round = 0; round < 3; ++round) {
        const io::ProcessSnapshot snapshot = io::scan_processes();
        for (const auto& [pid, entry] : snapshot) {
            pid_t above = entry.parent;
            while (above != root && snapshot.contains(above) && above > 1) above = snapshot.at(above).parent;
            if (above == root) ::kill(pid, SIGKILL);
        }
    }
}

}  // namespace

bool eventually(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

TempDir::TempDir() {
    std::string pattern = std::filesystem::temp_directory_path() / "kpm-keeper-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ + "/" + name).rdbuf();
    return text.str();
}

void FakeKpmd::say_ready(std::string_view text) {
    REQUIRE(::write(ready_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ready_.reset();
}

io::Inventory FakeKpmd::inventory() {
    auto inventory = io::receive_inventory(link_.get(), kDeadline);
    REQUIRE(inventory);
    return std::move(*inventory);
}

void FakeKpmd::send(const keeper::Message& message, const std::vector<int>& fds) {
    REQUIRE(eventually([&] {
        const auto sent = send_with_fds(link_.get(), std::as_bytes(std::span(&message, 1)), fds);
        if (!sent && sent.error().code != ErrorCode::Unavailable) FAIL(sent.error().message);
        return sent.has_value();
    }));
}

std::optional<Reply> FakeKpmd::receive_now() {
    Reply reply;
    auto received = receive_with_fds(link_.get(), std::as_writable_bytes(std::span(&reply.message, 1)));
    if (!received) return std::nullopt;
    REQUIRE(received->size == sizeof reply.message);
    reply.fds = std::move(received->fds);
    return reply;
}

Reply FakeKpmd::receive() {
    REQUIRE(wait_readable(link_.get()));
    auto reply = receive_now();
    REQUIRE(reply);
    return std::move(*reply);
}

Reply FakeKpmd::spawn(std::uint64_t token, const io::SpawnRequest& request) {
    const UniqueFd spec = memfd_of(request);
    std::vector<int> fds{spec.get()};
    for (const io::InheritedFd& inherited : request.fds) fds.push_back(inherited.fd);
    send({keeper::Kind::Spawn, 0, token, 0, 0}, fds);
    Reply reply = receive();
    REQUIRE(reply.message.token == token);
    return reply;
}

io::KeeperExit FakeKpmd::wait_exit(std::uint64_t token) {
    const Reply reply = receive();
    REQUIRE(reply.message.kind == keeper::Kind::Exited);
    REQUIRE(reply.message.token == token);
    return {token, reply.message.pid, static_cast<int>(reply.message.a), static_cast<int>(reply.message.b)};
}

int FakeKpmd::next_signal() {
    char report[2] = {};
    REQUIRE(wait_readable(control_.get()));
    REQUIRE(::recv(control_.get(), report, sizeof report, 0) == 2);
    REQUIRE(report[0] == 'S');
    return report[1];
}

void FakeKpmd::exit(int code) {
    const auto byte = static_cast<unsigned char>(code);
    link_.reset();
    ready_.reset();
    REQUIRE(::send(control_.get(), &byte, 1, MSG_NOSIGNAL) == 1);
}

void FakeKpmd::kill() {
    ucred peer{};
    socklen_t size = sizeof peer;
    REQUIRE(::getsockopt(control_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
    link_.reset();
    ready_.reset();
    REQUIRE(::kill(peer.pid, SIGKILL) == 0);
}

KeeperFixture::KeeperFixture() : listener_(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (home_.path() + "/fake.sock").c_str(), sizeof address.sun_path - 1);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
}

KeeperFixture::~KeeperFixture() {
    if (keeper_ <= 0) return;
    ::kill(keeper_, SIGSTOP);  // starts no new kpmd while its children are killed
    kill_descendants(keeper_);
    ::kill(keeper_, SIGKILL);
    if (is_child_) ::waitpid(keeper_, nullptr, 0);
}

void KeeperFixture::start(const Environment& extra, const std::string& daemon, bool foreground) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    ready_.reset(ends[0]);
    const UniqueFd ready_end(ends[1]);
    std::vector<std::string> environment{"PATH=/usr/bin:/bin",
                                         "FAKE_KPMD_SOCKET=" + home_.path() + "/fake.sock",
                                         "KPM_READY_FD=100", "ASAN_OPTIONS=detect_leaks=1"};
    for (const auto& [key, value] : extra) environment.push_back(key + "=" + value);
    const std::string program = binary("kpm-keeper");
    const std::string fake = daemon.empty() ? binary("fake_kpmd") : daemon;
    std::vector<const char*> arguments{"kpm-keeper", "--home", home_.path().c_str(), "--daemon",
                                       fake.c_str()};
    if (foreground) arguments.push_back("--foreground");
    arguments.push_back(nullptr);
    std::vector<char*> variables;
    for (std::string& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    const std::string errors = home_.path() + "/keeper.err";

    keeper_ = ::fork();
    REQUIRE(keeper_ >= 0);
    if (keeper_ == 0) {
        const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ::dup2(err, STDERR_FILENO);
        ::dup2(ready_end.get(), 100);
        ::execve(program.c_str(), const_cast<char* const*>(arguments.data()), variables.data());
        ::_exit(126);
    }
    is_child_ = true;
}

FakeKpmd KeeperFixture::accept() {
    REQUIRE(wait_readable(listener_.get()));
    UniqueFd control(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(control);
    std::byte text[16];
    REQUIRE(wait_readable(control.get()));
    auto received = receive_with_fds(control.get(), text);
    REQUIRE(received);
    REQUIRE(!received->fds.empty());
    UniqueFd ready = received->fds.size() > 1 ? std::move(received->fds[1]) : UniqueFd{};
    return {std::move(control), std::move(received->fds[0]), std::move(ready)};
}

FakeKpmd KeeperFixture::start_ready() {
    start();
    FakeKpmd kpmd = accept();
    kpmd.inventory();
    kpmd.say_ready();
    REQUIRE(read_ready() == "ready\n");
    return kpmd;
}

std::optional<int> KeeperFixture::wait() {
    int status = 0;
    if (!eventually([&] { return ::waitpid(keeper_, &status, WNOHANG) == keeper_; })) return std::nullopt;
    keeper_ = -1;
    return status;
}

std::string KeeperFixture::read_ready() {
    std::string text;
    char buffer[256];
    while (true) {
        REQUIRE(wait_readable(ready_.get()));
        const ssize_t size = ::read(ready_.get(), buffer, sizeof buffer);
        if (size <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

UniqueFd memfd_of(const io::SpawnRequest& request) {
    const auto spec = io::encode_spawn(request);
    REQUIRE(spec);
    auto memfd = io::sealed_memfd(*spec);
    REQUIRE(memfd);
    return std::move(*memfd);
}

io::SpawnRequest shell(const std::string& script) {
    io::SpawnRequest request;
    request.path = "/bin/sh";
    request.argv = {"sh", "-c", script};
    request.env = {"PATH=/usr/bin:/bin"};
    return request;
}

}  // namespace kpm::test
