#pragma once
// Gives the terminal back to the user when the program dies where no destructor runs: a fatal signal, an
// exception that nobody catches. One at a time in a program.

#include <string_view>

namespace kpm::cli::monit {

class TerminalRescue {
public:
    // Remembers the modes of the terminal `fd`, which must outlive this.
    explicit TerminalRescue(int fd);
    ~TerminalRescue();
    TerminalRescue(const TerminalRescue&) = delete;
    TerminalRescue& operator=(const TerminalRescue&) = delete;

    // `leaving` is what to write to the terminal to leave the full screen.
    void arm(std::string_view leaving);
    void disarm();
};

}  // namespace kpm::cli::monit
