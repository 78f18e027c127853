#pragma once
// Real processes that send to NOTIFY_SOCKET, as apps do. Only calls that are allowed after a fork of a
// process with threads.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kpm::test {

// 0, or why it could not be sent (errno). `fd` goes along, -1 = none.
inline int send_notification(const std::string& address, std::string_view text, int fd = -1) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    std::memcpy(target.sun_path, address.data(), address.size());
    if (target.sun_path[0] == '@') target.sun_path[0] = '\0';
    iovec part{const_cast<char*>(text.data()), text.size()};
    msghdr message{};
    message.msg_name = &target;
    message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    if (fd >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof control;
        cmsghdr* const head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int result = ::sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
    ::close(socket);
    return result;
}

// A process in a session of its own, as the keeper starts apps. It does its part when it is told to, says so,
// and then lives until this ends or it is told to exit.
class Actor {
public:
    // `part` runs in the child; what it returns comes out of act().
    explicit Actor(std::function<int()> part) {
        int go[2], done[2];
        if (::pipe2(go, O_CLOEXEC) != 0 || ::pipe2(done, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("fork");
        if (pid_ == 0) {
            ::setsid();
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::close(go[1]);
            char byte;
            if (::read(go[0], &byte, 1) != 1) ::_exit(1);
            byte = static_cast<char>(part());
            [[maybe_unused]] const ssize_t written = ::write(done[1], &byte, 1);
            [[maybe_unused]] const ssize_t told = ::read(go[0], &byte, 1);
            ::_exit(0);
        }
        ::close(go[0]);
        ::close(done[1]);
        go_ = go[1];
        done_ = done[0];
    }
    ~Actor() {
        if (pid_ > 0) {
            ::kill(-pid_, SIGKILL);
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        ::close(go_);
        ::close(done_);
    }
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;

    pid_t pid() const { return pid_; }
    int act() {
        char byte = 'x';
        if (::write(go_, &byte, 1) != 1 || ::read(done_, &byte, 1) != 1)
            throw std::runtime_error("the actor has died");
        return byte;
    }
    // Ends it; a zombie until it is reaped.
    void leave() {
        const char byte = 'x';
        [[maybe_unused]] const ssize_t written = ::write(go_, &byte, 1);
        siginfo_t ended{};
        ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
    }
    void reap() {
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

private:
    pid_t pid_ = -1;
    int go_ = -1, done_ = -1;
};

enum class Kinship { Child, Zombie, Orphan, OwnSession, OwnSessionOrphan };

// In an Actor: a descendant sends, with the errno of that as the result.
inline int send_as(Kinship kinship, const std::string& address, std::string_view text) {
    int result[2], life[2];  // life: at its end when the actor, which alone holds it open, is gone
    if (::pipe(result) != 0 || ::pipe(life) != 0) return errno;
    const auto send_and_stay = [&](bool stays) {
        const char byte = static_cast<char>(send_notification(address, text));
        [[maybe_unused]] const ssize_t written = ::write(result[1], &byte, 1);
        char none;
        if (stays && ::read(life[0], &none, 1) < 0) ::_exit(1);
        ::_exit(0);
    };
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(life[1]);
        if (kinship == Kinship::OwnSession) ::setsid();
        if (kinship == Kinship::Orphan || kinship == Kinship::OwnSessionOrphan) {
            const pid_t middle = ::getpid();
            if (::fork() != 0) ::_exit(0);
            if (kinship == Kinship::OwnSessionOrphan) ::setsid();
            while (::getppid() == middle) ::usleep(1000);
        }
        send_and_stay(kinship != Kinship::Zombie);
    }
    char byte = 0;
    ::close(result[1]);
    if (::read(result[0], &byte, 1) != 1) byte = 1;
    ::close(result[0]);
    siginfo_t ended{};
    if (kinship == Kinship::Zombie) ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT);
    return byte;
}

}  // namespace kpm::test
