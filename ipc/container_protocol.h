#pragma once
// What kpm-runtime and the daemon that it has started say to each other, beside protocol.h.

namespace kpm::ipc {

// Variable of the daemon: raw, formatted, json or format, the form in which what the apps write goes to the
// daemon's own standard output and error.
inline constexpr const char* kConsoleVariable = "KPM_CONSOLE";

namespace method {
// {} -> {pm_id, name, exit_code, exit_signal, failure} of the process that ended last (null: none has), once
// no app runs and none will by itself.
inline constexpr const char* kAwaitEnd = "kpm.awaitEnd";
}  // namespace method

}  // namespace kpm::ipc
