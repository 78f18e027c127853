#pragma once
// What clients may ask the daemon for: a method is a function from arguments to an answer, on a Supervisor&.
// The table (table.cpp) has one row per method of PM2's protocol and of kpm's own; nothing registers itself.
// Pure like the core: sockets and frames are io's. Names, arguments and answers of PM2's methods:
// docs/protocol.md.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "daemon/core/supervisor.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::core {

// Called at most once. Never called = the client gets no reply (PM2 has it so for killMe and notifyKillPM2).
using Answer = std::function<void(Result<Json>)>;
// The same with the value's JSON.
using TextAnswer = std::function<void(std::string)>;

struct Command {
    std::string_view method;
    // `args` is the array of the request. Runs inside a supervisor task. Null where `text` is set.
    void (*run)(Supervisor& supervisor, const Json& args, Answer answer);
    bool has_value = true;  // false: an empty success, {"args":[]}
    // As `run`, for values that are large.
    void (*text)(Supervisor& supervisor, const Json& args, TextAnswer answer) = nullptr;
};

std::span<const Command> commands();
const Command* find_command(std::string_view method);
// Runs the command, inside a supervisor task. Answers with an error should it throw: no client ends the
// daemon.
void call(const Command& command, Supervisor& supervisor, const Json& args, const Answer& answer,
          const TextAnswer& text);

}  // namespace kpm::core
