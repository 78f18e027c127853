#pragma once
// Prints the live log lines of processes until the program is stopped.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/log_view.h"
#include "ipc/client.h"

namespace kpm::cli {

struct Following {
    LogLook look;
    bool out = true;
    bool error = true;
    bool daemon = false;                         // the daemon's own lines
    std::function<bool(const Json&)> is_wanted;  // of the event's `process`
};

// Does `process` (an event's) belong to the target: "all", an id, a name, a namespace, /pattern/?
bool matches_target(std::string_view target, const Json& process);

// Goes on after the daemon was replaced or restarted. Returns only when standard output is closed. `first`:
// a subscription from before, whose events have waited.
int follow(Context& context, const Following& following, std::optional<ipc::Subscriber> first = std::nullopt);

// --attach: the lines of all of these targets, with prefixes.
int follow_all_of(Context& context, const std::vector<std::string>& targets);

}  // namespace kpm::cli
