#include "daemon/keeper/launcher.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>

#include "daemon/keeper/packet.h"

namespace kpm::keeper {
namespace {

constexpr std::size_t kStackSize = 64 * 1024;  // the child of a launch has one of its own

}  // namespace

Launcher::~Launcher() {
    if (!is_started_) return;
    socket_.reset();  // the thread ends
    ::pthread_join(thread_, nullptr);
}

int Launcher::start() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return errno;
    socket_.reset(ends[0]);
    const UniqueFd other{ends[1]};  // closed here once the thread has its own
    thread_socket_ = other.get();
    pthread_attr_t attributes;
    int error = ::pthread_attr_init(&attributes);
    if (error) return error;
    error = ::pthread_attr_setstacksize(&attributes, kStackSize);
    if (error == 0) error = ::pthread_create(&thread_, &attributes, &Launcher::run, this);
    ::pthread_attr_destroy(&attributes);
    if (error) return error;
    is_started_ = true;
    ReceivedFds none;
    return receive_packet(socket_.get(), &error, sizeof error, none, 0) == sizeof error ? error : EPIPE;
}

Launched Launcher::launch(const LaunchPlan& plan) {
    int fds[kMaxSpecFds];
    for (std::uint32_t i = 0; i < plan.fd_count; ++i) fds[i] = plan.fds[i].get();
    const LaunchPlan* const at = &plan;
    Launched launched{-1, SpawnStage::Stdio, 0};
    launched.error = send_packet(socket_.get(), &at, sizeof at, fds, plan.fd_count, 0);
    ReceivedFds none;
    if (launched.error == 0 &&
        receive_packet(socket_.get(), &launched, sizeof launched, none, 0) != sizeof launched)
        launched = {-1, SpawnStage::Fork, EPIPE};
    return launched;
}

void* Launcher::run(void* launcher) {
    auto& self = *static_cast<Launcher*>(launcher);
    const int error = self.take_own_descriptors();
    send_packet(self.thread_socket_, &error, sizeof error, nullptr, 0, 0);
    if (error == 0) self.serve();
    return nullptr;
}

int Launcher::take_own_descriptors() {
    constexpr int kSocket = STDERR_FILENO + 1;
    if (::unshare(CLONE_FILES) < 0) return errno;
    if (thread_socket_ != kSocket && ::dup3(thread_socket_, kSocket, O_CLOEXEC) < 0) return errno;
    thread_socket_ = kSocket;
    return ::close_range(kSocket + 1, ~0u, 0) < 0 ? errno : 0;
}

void Launcher::serve() {
    while (true) {
        const LaunchPlan* asked = nullptr;
        ReceivedFds received;
        if (receive_packet(thread_socket_, &asked, sizeof asked, received, 0) != sizeof asked) break;
        LaunchPlan plan = *asked;
        plan.fds = received.fds;
        const Launched launched =
            received.count == plan.fd_count ? keeper::launch(plan) : Launched{-1, SpawnStage::Stdio, EMFILE};
        if (send_packet(thread_socket_, &launched, sizeof launched, nullptr, 0, 0) != 0) break;
    }
    ::close(thread_socket_);
}

}  // namespace kpm::keeper
