#include "daemon/io/socket_listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace kpm::io {
namespace {

constexpr int kBacklog = 511;
constexpr int kAcceptsPerTurn = 64;  // other events of the loop get their turn in between
constexpr std::chrono::milliseconds kRetryDelay{100};

Result<UniqueFd> bind_to(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string& text = path.native();
    if (text.size() >= sizeof address.sun_path) return os_error("bind", text, ENAMETOOLONG);
    std::memcpy(address.sun_path, text.data(), text.size());

    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return os_error("bind", text, errno);
    // Linux gives the file the mode of the socket: without a moment in which others could connect, and
    // without umask(), which other threads would feel.
    if (::fchmod(socket.get(), S_IRUSR | S_IWUSR) != 0) return os_error("bind", text, errno);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return os_error("bind", text, errno);
    if (::listen(socket.get(), kBacklog) != 0) {
        const int reason = errno;
        ::unlink(text.c_str());
        return os_error("listen on", text, reason);
    }
    return socket;
}

}  // namespace

Result<std::unique_ptr<SocketListener>> SocketListener::open(Loop& loop, const std::filesystem::path& path,
                                                             Callbacks callbacks,
                                                             const std::optional<SocketOwner>& owner) {
    Result<UniqueFd> socket = bind_to(path);
    if (!socket) return socket.error();
    if (owner &&
        (::lchown(path.c_str(), owner->user, owner->group) != 0 || ::chmod(path.c_str(), 0660) != 0)) {
        const int reason = errno;
        ::unlink(path.c_str());
        return os_error("change the owner of", path.native(), reason);
    }
    std::unique_ptr<SocketListener> listener(
        new SocketListener(loop, path, *std::move(socket), std::move(callbacks)));
    listener->admits_all_ = owner.has_value();
    struct stat file {};
    if (::lstat(path.c_str(), &file) == 0) {
        listener->device_ = file.st_dev;
        listener->inode_ = file.st_ino;
    }
    Result<PollFd> poll = PollFd::open(loop, listener->socket_.get(), UV_READABLE,
                                       [raw = listener.get()](int) { raw->accept_some(); });
    if (!poll) return poll.error();
    listener->poll_ = std::make_unique<PollFd>(*std::move(poll));
    return listener;
}

SocketListener::SocketListener(Loop& loop, std::filesystem::path path, UniqueFd socket, Callbacks callbacks)
    : path_(std::move(path)),
      callbacks_(std::move(callbacks)),
      socket_(std::move(socket)),
      retry_(loop, [this] { poll_->watch(UV_READABLE); }) {}

SocketListener::~SocketListener() {
    struct stat file {};
    if (::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_)
        ::unlink(path_.c_str());
}

void SocketListener::accept_some() {
    // on_client may end the listener: nothing of it is touched after the last accept of a turn.
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        UniqueFd client(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (client) {
            is_backing_off_ = false;
            admit(std::move(client));
            continue;
        }
        const int reason = errno;
        if (reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == ENOBUFS) back_off(reason);
        if (reason == EINTR || reason == ECONNABORTED) continue;
        return;
    }
}

void SocketListener::admit(UniqueFd client) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(client.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    if (!admits_all_ && peer.uid != ::geteuid() && peer.uid != 0) {
        callbacks_.on_notice(
            fmt::format("refused a client of uid {} (pid {}) on '{}': only uid {} and root may connect",
                        peer.uid, peer.pid, path_.native(), ::geteuid()));
        return;
    }
    callbacks_.on_client(std::move(client), {.pid = peer.pid, .user = peer.uid});
}

void SocketListener::back_off(int reason) {
    if (!std::exchange(is_backing_off_, true))
        callbacks_.on_notice(os_error("accept a client on", path_.native(), reason).message +
                             ", trying again");
    poll_->watch(0);
    retry_.start(kRetryDelay);
}

}  // namespace kpm::io
