#include "ipc/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

namespace kpm::ipc {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;

constexpr std::size_t kChunk = std::size_t{64} << 10;

Deadline deadline_in(Timeout timeout) {
    if (timeout == kForever) return std::nullopt;
    return Clock::now() + timeout;
}

int poll_timeout(Deadline deadline) {
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<Timeout>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<Timeout::rep>(left, 0, 1 << 30));
}

// Waits for `events`; 0 in time, else errno (ETIMEDOUT when the deadline passed).
int wait_ready(int fd, short events, Deadline deadline) {
    while (true) {
        pollfd entry{fd, events, 0};
        const int count = ::poll(&entry, 1, poll_timeout(deadline));
        if (count > 0) return 0;
        if (count == 0) return ETIMEDOUT;
        if (errno != EINTR) return errno;
    }
}

// A connected, non-blocking socket, or errno.
std::variant<UniqueFd, int> connect_to(const std::string& path, Timeout timeout) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    std::memcpy(address.sun_path, path.data(), path.size());

    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket) return errno;
    if (timeout != kForever) {
        // A non-blocking connect fails at once when the backlog is full; a blocking one waits, for this long.
        const auto seconds = std::chrono::floor<std::chrono::seconds>(timeout);
        timeval limit{};
        limit.tv_sec = static_cast<time_t>(seconds.count());
        limit.tv_usec = static_cast<suseconds_t>(std::chrono::microseconds(timeout - seconds).count()) + 1;
        ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        if (errno != EINTR) return errno;
    if (::fcntl(socket.get(), F_SETFL, O_NONBLOCK) != 0) return errno;
    return socket;
}

enum class ReadEnd { Drained, Closed };

// Everything that can be read now goes to the decoder.
Result<ReadEnd> read_into(AmpDecoder& decoder, int fd, const std::string& path) {
    std::array<char, kChunk> chunk;
    const ssize_t size = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (size > 0) {
        decoder.feed({chunk.data(), static_cast<std::size_t>(size)});
        return ReadEnd::Drained;
    }
    if (size == 0 || errno == ECONNRESET) return ReadEnd::Closed;
    if (errno == EAGAIN || errno == EINTR) return ReadEnd::Drained;
    return os_error("read from", path, errno);
}

constexpr AmpLimits kReplyLimits{kMaxAmpArgs, kMaxReplySize, kMaxReplySize};

Result<Json> value_of(Reply reply) {
    if (auto* values = std::get_if<Values>(&reply.result))
        return values->args.empty() ? Json() : std::move(values->args.front());
    if (const auto* failure = std::get_if<Failure>(&reply.result))
        return Error{failure->code.value_or(ErrorCode::Io), failure->message()};
    if (const auto* text = std::get_if<ValueText>(&reply.result)) return parse_json(text->json);
    return Json(std::get<MethodNames>(reply.result).names);
}

std::string id_of(Client::Ticket ticket) {
    return fmt::format("{}:{}", ::getpid(), ticket);
}

std::optional<Client::Ticket> ticket_of(std::string_view id) {
    const std::size_t colon = id.find(':');
    if (colon == std::string_view::npos || id.size() - colon > 20) return std::nullopt;
    Client::Ticket ticket = 0;
    for (const char digit : id.substr(colon + 1)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        ticket = ticket * 10 + static_cast<Client::Ticket>(digit - '0');
    }
    return ticket;
}

}  // namespace

Client::Client(UniqueFd socket, std::string path)
    : socket_(std::move(socket)), path_(std::move(path)), decoder_(kReplyLimits) {}

Result<Client> Client::connect(const Home& home, Timeout timeout) {
    const std::string path = home.rpc_socket().string();
    auto connected = connect_to(path, timeout);
    if (const int* reason = std::get_if<int>(&connected)) return os_error("connect to", path, *reason);
    return Client(std::get<UniqueFd>(std::move(connected)), path);
}

Result<Json> Client::call(std::string_view method, Json args, Timeout timeout) {
    return wait(send(method, std::move(args)), timeout);
}

Client::Ticket Client::send(std::string_view method, Json args) {
    const Ticket ticket = next_ticket_++;
    if (sent_ == outgoing_.size()) {
        outgoing_.clear();
        sent_ = 0;
    }
    outgoing_ += encode(Request{std::string(method), std::move(args), id_of(ticket)});
    open_.emplace(ticket, std::nullopt);
    return ticket;
}

Result<Json> Client::wait(Ticket ticket, Timeout timeout) {
    const auto entry = open_.find(ticket);
    if (entry == open_.end()) return Error{ErrorCode::Invalid, "cannot wait for a call: it is not open"};
    if (Result<void> answered = wait_for(entry, timeout); !answered) return answered.error();
    return close(entry);
}

Result<void> Client::wait_for(Open::iterator entry, Timeout timeout) {
    const Deadline deadline = deadline_in(timeout);
    while (!entry->second) {
        if (Result<void> went = exchange(deadline); !went) {
            open_.erase(entry);
            return went;
        }
    }
    return {};
}

Client::Ticket Client::send_for_text(std::string_view method, Json args) {
    const Ticket ticket = send(method, std::move(args));
    text_wanted_ = ticket;
    return ticket;
}

Result<std::string> Client::wait_for_text(Ticket ticket) {
    const auto entry = open_.find(ticket);
    if (entry == open_.end()) return Error{ErrorCode::Invalid, "cannot wait for a call: it is not open"};
    const Result<void> answered = wait_for(entry, kForever);
    text_wanted_.reset();
    if (!answered) return answered.error();
    std::string text = std::exchange(text_, {});
    const Result<Json> value = close(entry);
    if (!value) return value.error();
    return text.empty() ? value->dump(-1, ' ', false, Json::error_handler_t::replace) : std::move(text);
}

Result<std::optional<Json>> Client::try_wait(Ticket ticket) {
    const auto entry = open_.find(ticket);
    if (entry == open_.end()) return Error{ErrorCode::Invalid, "cannot wait for a call: it is not open"};
    if (!entry->second) {
        const Result<void> went =
            closed_ ? Result<void>(lost("the daemon closed the connection")) : transfer();
        if (!went) {
            open_.erase(entry);
            return went.error();
        }
        if (!entry->second) return std::optional<Json>{};
    }
    Result<Json> value = close(entry);
    if (!value) return value.error();
    return std::optional<Json>(std::move(*value));
}

Result<Json> Client::close(Open::iterator answered) {
    Reply reply = std::move(*answered->second);
    open_.erase(answered);
    return value_of(std::move(reply));
}

Result<void> Client::flush(Timeout timeout) {
    const Deadline deadline = deadline_in(timeout);
    while (sent_ < outgoing_.size())
        if (Result<void> went = exchange(deadline); !went) return went;
    return {};
}

Result<void> Client::wait_closed(Timeout timeout) {
    const Deadline deadline = deadline_in(timeout);
    while (!closed_) {
        if (const int reason = wait_ready(socket_.get(), POLLIN, deadline); reason == ETIMEDOUT)
            return Error{ErrorCode::Unavailable,
                         fmt::format("cannot see the end of '{}': it goes on", path_)};
        else if (reason != 0)
            return os_error("wait for", path_, reason);
        if (Result<void> got = read_some(); !got) return got;
    }
    return {};
}

pid_t Client::daemon_pid() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

Result<void> Client::exchange(Deadline deadline) {
    if (closed_) return lost("the daemon closed the connection");
    // Both ways at once: a daemon that waits for us to read its replies would never read our requests.
    const short events = static_cast<short>(has_unsent() ? POLLIN | POLLOUT : POLLIN);
    if (const int reason = wait_ready(socket_.get(), events, deadline); reason == ETIMEDOUT)
        return lost("the daemon did not answer in time");
    else if (reason != 0)
        return os_error("wait for", path_, reason);
    return transfer();
}

Result<void> Client::transfer() {
    if (has_unsent()) {
        const ssize_t size =
            ::send(socket_.get(), outgoing_.data() + sent_, outgoing_.size() - sent_, MSG_NOSIGNAL);
        if (size > 0)
            sent_ += static_cast<std::size_t>(size);
        else if (errno == EPIPE || errno == ECONNRESET)
            sent_ = outgoing_.size();  // there may still be replies to read before the EOF
        else if (errno != EAGAIN && errno != EINTR)
            return os_error("write to", path_, errno);
    }
    return read_some();
}

Result<void> Client::read_some() {
    Result<ReadEnd> end = read_into(decoder_, socket_.get(), path_);
    if (!end) return end.error();
    closed_ = *end == ReadEnd::Closed;
    while (true) {
        Result<std::optional<AmpFrame>> frame = decoder_.next();
        if (!frame) return frame.error();
        if (!*frame) return {};
        const std::optional<Ticket> ticket = ticket_of(reply_id(**frame));
        const std::string_view text = ticket && ticket == text_wanted_ ? value_text(**frame) : "";
        const bool is_wanted = !text.empty();
        if (is_wanted) {  // kept where it lies: it may be long
            const auto begin = static_cast<std::size_t>(text.data() - (*frame)->args.front().body.data());
            const std::size_t size = text.size();
            text_ = std::move((*frame)->args.front().body);
            text_.resize(begin + size);
            text_.erase(0, begin);
        }
        Result<Reply> reply = is_wanted ? Reply{} : decode_reply(**frame);
        if (!reply) return reply.error();
        if (!ticket) continue;
        // A reply that nobody waits for any more (its wait timed out) is let go.
        if (const auto entry = open_.find(*ticket); entry != open_.end()) entry->second = *std::move(reply);
    }
}

Error Client::lost(std::string_view reason) const {
    return {ErrorCode::Unavailable, fmt::format("cannot get an answer from '{}': {}", path_, reason)};
}

Subscriber::Subscriber(UniqueFd socket, std::string path)
    : socket_(std::move(socket)), path_(std::move(path)), decoder_(kReplyLimits) {}

Result<Subscriber> Subscriber::connect(const Home& home) {
    const std::string path = home.pub_socket().string();
    auto connected = connect_to(path, kConnectTimeout);
    if (const int* reason = std::get_if<int>(&connected)) return os_error("connect to", path, *reason);
    return Subscriber(std::get<UniqueFd>(std::move(connected)), path);
}

Result<std::optional<Event>> Subscriber::next(Timeout timeout) {
    const Deadline deadline = deadline_in(timeout);
    while (true) {
        Result<std::optional<AmpFrame>> frame = decoder_.next();
        if (!frame) return frame.error();
        if (*frame) {
            Result<Event> event = decode_event(**frame);
            if (!event) return event.error();
            return std::optional<Event>(*std::move(event));
        }
        if (closed_)
            return Error{ErrorCode::Unavailable,
                         fmt::format("cannot read from '{}': the daemon closed the connection", path_)};
        const int reason = wait_ready(socket_.get(), POLLIN, deadline);
        if (reason == ETIMEDOUT) return std::optional<Event>{};
        if (reason != 0) return os_error("wait for", path_, reason);
        Result<ReadEnd> end = read_into(decoder_, socket_.get(), path_);
        if (!end) return end.error();
        closed_ = *end == ReadEnd::Closed;
    }
}

DaemonIdentity identify_daemon(const Home& home, Timeout timeout) {
    auto connected = connect_to(home.rpc_socket().string(), timeout);
    if (const int* reason = std::get_if<int>(&connected)) {
        switch (*reason) {
            case ENOENT:
            case ENOTDIR:
                return {};
            case ECONNREFUSED:
                return {DaemonKind::Stale, {}, {}};
            case EACCES:
            case EPERM:
                return {DaemonKind::Denied, {}, {}};
            default:
                return {DaemonKind::Silent, {}, {}};  // a full backlog above all: someone is there
        }
    }
    Client client(std::get<UniqueFd>(std::move(connected)), home.rpc_socket().string());
    const Client::Ticket version = client.send(method::kGetVersion);
    const Client::Ticket hello = client.send(method::kHello);
    Result<Json> version_answer = client.wait(version, timeout);
    if (!version_answer) return {DaemonKind::Silent, {}, {}};
    Result<Json> hello_answer = client.wait(hello, timeout);
    if (hello_answer && hello_answer->is_object()) {
        const auto kpm = hello_answer->find("kpm");
        std::string own = kpm != hello_answer->end() && kpm->is_string() ? kpm->get<std::string>() : "";
        return {DaemonKind::Kpm, std::move(own), *std::move(hello_answer)};
    }
    if (!hello_answer && hello_answer.error().code == ErrorCode::Unavailable)
        return {DaemonKind::Silent, {}, {}};
    return {DaemonKind::Pm2, version_answer->is_string() ? version_answer->get<std::string>() : "", {}};
}

}  // namespace kpm::ipc
