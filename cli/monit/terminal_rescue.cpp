#include "cli/monit/terminal_rescue.h"

#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <exception>

namespace kpm::cli::monit {
namespace {

constexpr std::array<int, 6> kFatalSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};

// A signal handler may use nothing but memory that is there already.
struct Saved {
    int fd = -1;
    bool has_modes = false;
    termios modes{};
    std::array<char, 256> leaving{};
    std::size_t size = 0;
    std::terminate_handler terminate = nullptr;
};
Saved saved;
volatile std::sig_atomic_t is_armed = 0;

void restore() noexcept {
    if (is_armed == 0) return;
    is_armed = 0;
    [[maybe_unused]] const ssize_t written = ::write(saved.fd, saved.leaving.data(), saved.size);
    if (saved.has_modes) ::tcsetattr(saved.fd, TCSANOW, &saved.modes);
}

// SA_RESETHAND: the second time the signal does what it does to a program without a handler.
void on_fatal_signal(int number) noexcept {
    restore();
    ::raise(number);
}

[[noreturn]] void on_terminate() noexcept {
    restore();
    if (saved.terminate != nullptr) saved.terminate();
    std::abort();
}

}  // namespace

TerminalRescue::TerminalRescue(int fd) {
    saved.fd = fd;
    saved.has_modes = ::tcgetattr(fd, &saved.modes) == 0;
    saved.terminate = std::set_terminate(on_terminate);
    struct sigaction action {};
    action.sa_handler = on_fatal_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    for (const int number : kFatalSignals) ::sigaction(number, &action, nullptr);
}

TerminalRescue::~TerminalRescue() {
    disarm();
    std::set_terminate(saved.terminate);
    for (const int number : kFatalSignals) ::signal(number, SIG_DFL);
}

void TerminalRescue::arm(std::string_view leaving) {
    saved.size = std::min(leaving.size(), saved.leaving.size());
    std::memcpy(saved.leaving.data(), leaving.data(), saved.size);
    is_armed = 1;
}

void TerminalRescue::disarm() {
    is_armed = 0;
}

}  // namespace kpm::cli::monit
