#pragma once
// One line that tells what a command is waiting for, drawn over itself and gone when the waiting is over.
// Only on a terminal, and only once something takes long: a pipe and a quick command never see it.

#include <chrono>
#include <string_view>

#include "cli/console.h"

namespace kpm::cli {

class Progress {
public:
    explicit Progress(const Console& console);
    ~Progress();  // takes the line away
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // May be called as often as the caller likes.
    void show(std::string_view text);
    bool is_shown() const { return is_drawn_; }

    static constexpr std::chrono::milliseconds kRefresh{100};  // how often a caller that sleeps should wake

private:
    using Clock = std::chrono::steady_clock;

    const Console& console_;
    const Clock::time_point begin_;
    Clock::time_point next_;
    bool is_drawn_ = false;
};

}  // namespace kpm::cli
