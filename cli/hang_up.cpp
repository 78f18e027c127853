#include "cli/hang_up.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>

namespace kpm::cli {
namespace {

volatile std::sig_atomic_t hung_up_connection = -1;
volatile std::sig_atomic_t has_hung_up = 0;

void on_end_signal(int) {
    const int before = errno;
    has_hung_up = 1;
    shutdown(hung_up_connection, SHUT_RDWR);
    errno = before;
}

}  // namespace

HangUp::HangUp(int connection) : connection_(fcntl(connection, F_DUPFD_CLOEXEC, 0)) {
    has_hung_up = 0;
    hung_up_connection = connection_.get();
    struct sigaction action {};
    action.sa_handler = on_end_signal;
    action.sa_flags = SA_RESTART;  // files are read on: only the connection ends
    sigset_t signals;
    sigemptyset(&signals);
    for (std::size_t i = 0; i < kEndSignals.size(); ++i) {
        sigaction(kEndSignals[i], &action, &before_[i]);
        sigaddset(&signals, kEndSignals[i]);
    }
    sigprocmask(SIG_UNBLOCK, &signals, &mask_before_);
}

bool HangUp::stop() {
    if (is_on_) {
        is_on_ = false;
        sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
        for (std::size_t i = 0; i < kEndSignals.size(); ++i) sigaction(kEndSignals[i], &before_[i], nullptr);
        hung_up_connection = -1;
    }
    return has_hung_up != 0;
}

}  // namespace kpm::cli
