// Stands in for kpmd under a real keeper: hands the descriptors that it was started with to the test, which
// then plays kpmd, and reports the signals that it gets. It dies when the test says so or goes away.
//
// Control socket (SOCK_SEQPACKET, path in FAKE_KPMD_SOCKET):
//   fake -> test   "start" + the keeper's link, and the ready descriptor if there is one
//   fake -> test   'S' and a signal number
//   test -> fake   one byte: exit with that code

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "ipc/base/fd_passing.h"

namespace {

int connect_to_test(const char* path) {
    const int control = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (::connect(control, reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) std::exit(90);
    return control;
}

int number_in(const char* variable) {
    const char* text = std::getenv(variable);
    return text ? std::atoi(text) : -1;
}

}  // namespace

int main() {
    const char* path = std::getenv("FAKE_KPMD_SOCKET");
    if (!path) return 91;
    if (const char* early = std::getenv("FAKE_KPMD_EXIT")) return std::atoi(early);
    const int control = connect_to_test(path);
    std::vector<int> fds{number_in("KPM_KEEPER_FD")};
    if (const int ready = number_in("KPM_READY_FD"); ready >= 0) fds.push_back(ready);
    constexpr std::string_view kStart = "start";
    if (!kpm::send_with_fds(control, std::as_bytes(std::span(kStart)), fds)) return 92;
    for (const int fd : fds) ::close(fd);

    // The keeper starts kpmd with these blocked.
    sigset_t blocked;
    ::sigprocmask(SIG_SETMASK, nullptr, &blocked);
    for (const int signo : {SIGTERM, SIGINT, SIGHUP, SIGUSR2})
        if (!::sigismember(&blocked, signo)) return 93;
    const int signals = ::signalfd(-1, &blocked, SFD_CLOEXEC);

    while (true) {
        pollfd events[] = {{control, POLLIN, 0}, {signals, POLLIN, 0}};
        ::poll(events, 2, -1);
        if (events[1].revents) {
            signalfd_siginfo info{};
            if (::read(signals, &info, sizeof info) != sizeof info) return 94;
            const char report[2] = {'S', static_cast<char>(info.ssi_signo)};
            if (::send(control, report, sizeof report, MSG_NOSIGNAL) < 0) return 0;
        }
        if (events[0].revents) {
            unsigned char code = 0;
            return ::recv(control, &code, 1, 0) == 1 ? code : 0;
        }
    }
}
