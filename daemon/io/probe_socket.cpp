#include "daemon/io/probe_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/io/probe_connection.h"

namespace kpm::io {
namespace {

using Verdict = core::ProbeResult::Verdict;
using ecosystem::Probe;

constexpr std::size_t kMostRest = std::size_t{64} << 10;
constexpr std::chrono::milliseconds kAMoment{1};

std::string request_of(const ecosystem::ProbeAddress& address) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: kpm-health\r\nAccept: */*\r\nConnection: close\r\n\r\n",
        address.target, address.host_header);
}

// A port that nobody listens on may be the one that the kernel has chosen for our end.
bool is_connected_to_itself(int socket) {
    sockaddr_storage own{}, peer{};
    socklen_t own_size = sizeof own, peer_size = sizeof peer;
    return ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
           own.ss_family != AF_UNIX &&
           ::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
           own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
}

}  // namespace

ProbeSocket::ProbeSocket(Loop& loop, const core::ProbeSpec& spec, Callbacks callbacks)
    : loop_(loop), spec_(spec), callbacks_(std::move(callbacks)), timer_(loop, [this] { time_up(); }) {}

void ProbeSocket::begin() {
    timer_.start(spec_.timeout);
    connect();
}

void ProbeSocket::begin_over(UniqueFd connected) {
    timer_.start(spec_.timeout);
    socket_ = std::move(connected);
    step_ = Step::Taking;
    if (spec_.kind == Probe::Kind::Http) this->connected();
}

void ProbeSocket::taken(const std::string& trouble) {
    if (step_ == Step::Rest) return;
    if (!trouble.empty()) return fail(trouble);
    if (step_ == Step::Taking) finish({Verdict::Passed, ""});
}

void ProbeSocket::connect() {
    poll_.reset();
    const SocketAddress address = socket_address(spec_.address, host_);
    socket_ = UniqueFd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_)
        return finish({is_our_shortage(errno) ? Verdict::Unknown : Verdict::Failed, reason_of(errno)});
    if (::connect(socket_.get(), address.raw(), address.size) == 0) return connected();
    const int error = errno;
    if (error == EINPROGRESS) return watch(UV_WRITABLE);
    if (is_our_shortage(error)) return finish({Verdict::Unknown, reason_of(error)});
    if (++host_ < spec_.address.hosts.size()) return connect();
    // A Unix socket whose backlog is full.
    fail(error == EAGAIN ? "too many connections wait to be accepted" : reason_of(error));
}

void ProbeSocket::connected() {
    if (is_connected_to_itself(socket_.get())) return fail(reason_of(ECONNREFUSED));
    if (spec_.kind != Probe::Kind::Http) return finish({Verdict::Passed, ""});
    step_ = Step::Send;
    request_ = request_of(spec_.address);
    ready();
}

void ProbeSocket::watch(int events) {
    if (poll_) return poll_->watch(events);
    auto poll = PollFd::open(loop_, socket_.get(), events, [this](int) { ready(); });
    if (!poll) return finish({Verdict::Unknown, poll.error().message});
    poll_.emplace(std::move(*poll));
}

void ProbeSocket::ready() {
    switch (step_) {
        case Step::Connect: {
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == 0) return connected();
            if (++host_ < spec_.address.hosts.size()) return connect();
            return fail(reason_of(error));
        }
        case Step::Taking:
            return;
        case Step::Send:
            if (!send()) return;
            step_ = Step::Receive;
            return watch(UV_READABLE);
        case Step::Receive:
        case Step::Rest:
            return receive();
    }
}

// True: all is sent.
bool ProbeSocket::send() {
    while (!request_.empty()) {
        const ssize_t count = ::send(socket_.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) {
            watch(UV_WRITABLE);
            return false;
        }
        if (count < 0) {
            fail(reason_of(errno));
            return false;
        }
        request_.erase(0, static_cast<std::size_t>(count));
    }
    return true;
}

// One read a turn: a server that sends without end keeps the loop from nothing else.
void ProbeSocket::receive() {
    std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (step_ == Step::Rest) {
        rest_ += static_cast<std::size_t>(std::max<ssize_t>(count, 0));
        if (count <= 0 || rest_ > kMostRest) callbacks_.on_over();
        return;
    }
    if (count < 0) return fail(reason_of(errno));
    if (count == 0) return fail(status_.ended().message);
    const auto status = status_.feed({buffer.data(), static_cast<std::size_t>(count)});
    if (!status) return fail(status.error().message);
    if (!*status) return;
    if (**status >= 200 && **status < 400) return finish({Verdict::Passed, ""});
    fail(fmt::format("HTTP status {}", **status));
}

// A daemon that was busy may find the answer beside the timeout.
void ProbeSocket::time_up() {
    if (step_ == Step::Rest) return callbacks_.on_over();
    // Timers run before the sockets are looked at: what has arrived is seen first.
    if (!std::exchange(is_late_, true)) return timer_.start(kAMoment);
    fail(step_ == Step::Connect ? fmt::format("no connection within {} ms", spec_.timeout.count())
         : step_ == Step::Taking
             ? fmt::format("the connection was not accepted within {} ms", spec_.timeout.count())
             : fmt::format("no answer within {} ms", spec_.timeout.count()));
}

void ProbeSocket::fail(std::string reason) {
    finish({Verdict::Failed, std::move(reason)});
}

void ProbeSocket::finish(core::ProbeResult result) {
    const bool is_answering = step_ == Step::Receive && result.verdict != Verdict::Unknown && !is_late_;
    step_ = Step::Rest;
    callbacks_.on_result(std::move(result));
    if (!is_answering) callbacks_.on_over();
}

}  // namespace kpm::io
