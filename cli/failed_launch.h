#pragma once
// What is said of processes that did not come up: the cause, their last words on stderr, and what to do.

#include <cstdint>
#include <optional>
#include <string>

#include "ipc/base/result.h"

namespace kpm::cli {

struct Context;
struct ProcessRow;

// The daemon's refusal to call a process up: it was not ready in time, or ended before it was.
struct FailedLaunch {
    Error error;
    std::string app;                 // name
    std::optional<std::int64_t> id;  // none: any of the app's
    std::int64_t since = 0;          // ms since 1970: when the daemon was asked
    bool is_replacement = false;     // by a reload: the old process may go on in its place
};

// The error, and what the process said last.
void say_failed_launch(Context& context, const FailedLaunch& failed);

// Of a process that has ended: its last words since then (ms since 1970), and what becomes of it.
void say_last_words(const Context& context, const ProcessRow& row, std::int64_t since);

}  // namespace kpm::cli
