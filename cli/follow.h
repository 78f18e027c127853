#pragma once
// Prints the live log lines of processes until the program is stopped.

#include <functional>
#include <optional>
#include <string>

#include "cli/command.h"
#include "cli/log_view.h"
#include "ipc/base/result.h"
#include "ipc/client.h"

namespace kpm::cli {

// Of the `process` of an event.
using ProcessFilter = std::function<bool(const Json& process)>;

// Lets those through that belong to the target: "all" or "", an id, a name, a namespace, /pattern/.
// Invalid: a pattern that is no regular expression.
Result<ProcessFilter> filter_of(const std::string& target);

struct Following {
    LogLook look;
    bool out = true;
    bool error = true;
    bool daemon = false;  // the daemon's own lines
    ProcessFilter is_wanted;
};

// Goes on after the daemon was replaced or restarted. Returns only when standard output is closed. `first`:
// a subscription from before, whose events have waited.
int follow(Context& context, const Following& following, std::optional<ipc::Subscriber> first = std::nullopt);

// --attach: the lines of what the command has started or acted on, with prefixes. Not by its words: these may
// be files, paths, or "-".
int follow_reached(Context& context);

}  // namespace kpm::cli
