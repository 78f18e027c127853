// A plain server on inherited sockets (systemd's LISTEN_FDS), as a program in any language may be: answers
// each connection with its pid and ends on SIGINT when it has answered what it has accepted.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr int kFirst = 3;
volatile std::sig_atomic_t stopping = 0;

void stop(int) {
    stopping = 1;
}

void answer(int connection) {
    char request[4096];
    if (::read(connection, request, sizeof request) > 0) {
        const std::string body = std::to_string(::getpid());
        const std::string reply =
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + body;
        (void)!::write(connection, reply.data(), reply.size());
    }
    ::close(connection);
}

}  // namespace

int main() {
    const char* count = std::getenv("LISTEN_FDS");
    const char* pid = std::getenv("LISTEN_PID");
    if (!count || !pid || std::atoi(pid) != ::getpid()) {
        std::fputs("no sockets\n", stderr);
        return 2;
    }
    std::printf("%s sockets: %s\n", count, std::getenv("LISTEN_FDNAMES"));
    std::fflush(stdout);
    struct sigaction action {};
    action.sa_handler = stop;
    ::sigaction(SIGINT, &action, nullptr);
    sigset_t blocked, open;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGINT);
    ::sigprocmask(SIG_BLOCK, &blocked, &open);

    std::vector<pollfd> sockets;
    for (int i = 0; i < std::atoi(count); ++i) sockets.push_back({kFirst + i, POLLIN, 0});
    // SIGINT comes in ppoll only, so never between an accept and its answer.
    while (!stopping) {
        if (::ppoll(sockets.data(), sockets.size(), nullptr, &open) < 0) continue;
        for (const pollfd& socket : sockets) {
            if ((socket.revents & POLLIN) == 0) continue;
            // Another process may have taken it meanwhile: not to be waited for.
            const timeval soon{0, 1000};
            ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
            const int connection = ::accept(socket.fd, nullptr, nullptr);
            const timeval never{0, 0};
            ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
            if (connection >= 0) answer(connection);
        }
    }
    return 0;
}
