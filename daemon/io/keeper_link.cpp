#include "daemon/io/keeper_link.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>

#include <cerrno>
#include <cstdlib>

#include "ipc/base/fd_passing.h"
#include "ipc/base/text.h"

namespace kpm::io {
namespace {

using keeper::Kind;
using keeper::Message;

// Messages taken in one turn of the loop, so that a burst of exits does not delay the rest.
constexpr int kMessagesPerTurn = 256;

struct Received {
    Message message;
    std::vector<UniqueFd> fds;
};

// nullopt: nothing there now.
Result<std::optional<Received>> receive(int socket) {
    Received received;
    auto result = receive_with_fds(socket, std::as_writable_bytes(std::span(&received.message, 1)));
    if (!result) {
        if (result.error().code == ErrorCode::Unavailable) return std::optional<Received>{};
        return result.error();
    }
    if (result->size == 0) return Error{ErrorCode::NotFound, "cannot receive from 'keeper': it is gone"};
    if (result->size != sizeof(Message) || result->truncated || result->lost_fds)
        return Error{ErrorCode::Invalid, "cannot receive from 'keeper': the message is damaged"};
    received.fds = std::move(result->fds);
    return std::optional<Received>(std::move(received));
}

Result<void> send_packet(int socket, std::string_view packet, std::span<const int> fds) {
    return send_with_fds(socket, std::as_bytes(std::span(packet)), fds);
}

std::string_view bytes_of(const Message& message) {
    return {reinterpret_cast<const char*>(&message), sizeof message};
}

std::vector<int> borrowed(const std::vector<UniqueFd>& fds) {
    std::vector<int> numbers;
    for (const UniqueFd& fd : fds) numbers.push_back(fd.get());
    return numbers;
}

UniqueFd only(std::vector<UniqueFd>& fds) {
    return fds.empty() ? UniqueFd{} : std::move(fds.front());
}

KeeperExit exit_of(const Message& message) {
    return {message.token, message.pid, static_cast<int>(message.a), static_cast<int>(message.b)};
}

Result<void> add_to(Inventory& inventory, Received& received) {
    const Message& message = received.message;
    switch (message.kind) {
        case Kind::Hello:
            if (message.a != keeper::kVersion)
                return Error{ErrorCode::Invalid,
                             fmt::format("cannot talk to 'keeper': it speaks version {}, this "
                                         "daemon version {}: stop all and start anew",
                                         message.a, keeper::kVersion)};
            inventory.start_count = message.token;
            inventory.keeper_pid = static_cast<pid_t>(message.b);
            break;
        case Kind::State:
            inventory.state = only(received.fds);
            break;
        case Kind::Stored:
            inventory.kept.push_back({message.token, message.a, only(received.fds)});
            break;
        case Kind::Child:
            inventory.children.push_back({message.token, message.pid, only(received.fds)});
            break;
        case Kind::Exited:
            inventory.exits.push_back(exit_of(message));
            break;
        default:  // a newer keeper's addition
            break;
    }
    return {};
}

}  // namespace

Result<UniqueFd> take_keeper_socket() {
    const char* text = std::getenv(keeper::kFdVariable);
    if (!text || !is_number(text))
        return Error{ErrorCode::NotFound,
                     fmt::format("cannot find '{}': kpmd is started by kpm-keeper", keeper::kFdVariable)};
    UniqueFd socket(std::atoi(text));
    ::unsetenv(keeper::kFdVariable);
    if (::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) < 0) return os_error("use", keeper::kFdVariable, errno);
    return socket;
}

Result<Inventory> receive_inventory(int socket, std::chrono::milliseconds limit) {
    Inventory inventory;
    while (true) {
        auto received = receive(socket);
        if (!received) return received.error();
        if (!*received) {
            pollfd waiting{socket, POLLIN, 0};
            const int ready = ::poll(&waiting, 1, static_cast<int>(limit.count()));
            if (ready < 0 && errno != EINTR) return os_error("wait for", "keeper", errno);
            if (ready == 0) return os_error("wait for", "keeper", ETIMEDOUT);
            continue;
        }
        if ((*received)->message.kind == Kind::InventoryEnd) return inventory;
        if (auto added = add_to(inventory, **received); !added) return added.error();
    }
}

Result<std::unique_ptr<KeeperLink>> KeeperLink::open(Loop& loop, UniqueFd socket, KeeperEvents events) {
    std::unique_ptr<KeeperLink> link(new KeeperLink(std::move(socket), std::move(events)));
    auto poll = PollFd::open(loop, link->socket_.get(), UV_READABLE,
                             [self = link.get()](int ready_events) { self->ready(ready_events); });
    if (!poll) return poll.error();
    link->poll_.emplace(std::move(*poll));
    return link;
}

Result<void> KeeperLink::spawn(std::uint64_t token, const SpawnRequest& request,
                               std::span<const Stored> stored) {
    const auto spec = encode_spawn(request);
    if (!spec) return spec.error();
    std::vector<int> fds;
    UniqueFd memfd;
    if (spec->size() > keeper::kMaxInlineSpec) {
        auto sealed = sealed_memfd(*spec);
        if (!sealed) return sealed.error();
        memfd = std::move(*sealed);
        fds.push_back(memfd.get());
    }
    for (const InheritedFd& inherited : request.fds) fds.push_back(inherited.fd);
    Message message{Kind::Spawn, 0, token, 0, 0};
    for (const Stored& one : stored) {
        message.a |= std::int64_t{1} << one.slot;
        fds.push_back(one.fd);
    }
    if (memfd) return send(message, fds);
    return send(std::string(bytes_of(message)) + *spec, fds);
}

Result<void> KeeperLink::store(std::uint64_t owner, std::int64_t slot, int fd) {
    return send({Kind::Store, 0, owner, slot, 0}, std::span(&fd, 1));
}

Result<void> KeeperLink::set_state(int memfd) {
    return send({Kind::SetState, 0, 0, 0, 0}, std::span(&memfd, 1));
}

// Without descriptors send() cannot fail in a way that the caller could mend: a dead keeper comes as gone().
void KeeperLink::drop(std::uint64_t owner) {
    (void)send({Kind::DropOwner, 0, owner, 0, 0});
}
void KeeperLink::collected(std::uint64_t token) {
    (void)send({Kind::Collected, 0, token, 0, 0});
}
void KeeperLink::quit(int exit_code) {
    (void)send({Kind::Quit, 0, 0, exit_code, 0});
}

bool KeeperLink::flush(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!queue_.empty() && !is_gone_) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
        pollfd waiting{socket_.get(), POLLOUT, 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0) return false;
        write_queue();
    }
    return queue_.empty();
}

Result<void> KeeperLink::send(const Message& message, std::span<const int> fds) {
    return send(bytes_of(message), fds);
}

Result<void> KeeperLink::send(std::string_view packet, std::span<const int> fds) {
    if (is_gone_) return Error{ErrorCode::Unavailable, "cannot send to 'keeper': it is gone"};
    if (queue_.empty()) {
        auto sent = send_packet(socket_.get(), packet, fds);
        if (sent || sent.error().code != ErrorCode::Unavailable) return sent;
    }
    Outgoing outgoing{std::string(packet), {}};
    for (const int fd : fds) {
        outgoing.fds.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
        if (!outgoing.fds.back()) return os_error("send to", "keeper", errno);
    }
    queue_.push_back(std::move(outgoing));
    watch();
    return {};
}

void KeeperLink::ready(int events) {
    if (events & UV_WRITABLE) write_queue();
    if (events & UV_READABLE) read();
}

void KeeperLink::read() {
    for (int i = 0; i < kMessagesPerTurn && !is_gone_; ++i) {
        auto received = receive(socket_.get());
        if (!received) {
            if (received.error().code == ErrorCode::Invalid) continue;
            return lose();
        }
        if (!*received) return;
        dispatch((*received)->message, std::move((*received)->fds));
    }
}

void KeeperLink::dispatch(const Message& message, std::vector<UniqueFd> fds) {
    switch (message.kind) {
        case Kind::Spawned:
            return events_.spawned({message.token, message.pid, only(fds)});
        case Kind::SpawnFailed:
            return events_.spawn_failed(message.token, static_cast<keeper::SpawnStage>(message.a),
                                        static_cast<int>(message.b));
        case Kind::Exited:
            return events_.exited(exit_of(message));
        default:  // a newer keeper's addition
            return;
    }
}

void KeeperLink::write_queue() {
    while (!queue_.empty()) {
        const Outgoing& outgoing = queue_.front();
        const auto sent = send_packet(socket_.get(), outgoing.packet, borrowed(outgoing.fds));
        // A full socket waits for the next turn; a dead one is noticed by the read that finds its end.
        if (!sent) break;
        queue_.pop_front();
    }
    watch();
}

void KeeperLink::watch() {
    if (!is_gone_) poll_->watch(queue_.empty() ? UV_READABLE : UV_READABLE | UV_WRITABLE);
}

void KeeperLink::lose() {
    is_gone_ = true;
    queue_.clear();
    poll_.reset();
    events_.gone();
}

}  // namespace kpm::io
