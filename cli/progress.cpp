#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>

namespace kpm::cli {
namespace {

constexpr std::chrono::milliseconds kLong{400};  // what is over sooner needs no line
constexpr const char* kTakeAway = "\r\x1b[K";

}  // namespace

Progress::Progress(const Console& console) : console_(console), begin_(Clock::now()), next_(begin_ + kLong) {}

Progress::~Progress() {
    if (is_drawn_) console_.text(kTakeAway);
}

void Progress::show(std::string_view text) {
    const Terminal& terminal = console_.terminal();
    const auto now = Clock::now();
    if (!terminal.is_tty || now < next_) return;
    next_ = now + kRefresh;
    is_drawn_ = true;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begin_).count();
    const std::string line = printable(fmt::format("[PM2] {} ({} s)", text, seconds));
    console_.text(kTakeAway + truncated(line, std::max(1, terminal.width - 1)));
}

}  // namespace kpm::cli
