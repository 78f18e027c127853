#pragma once
// Members that kpm adds to what PM2's methods answer. Clients that do not know them pass them over.

namespace kpm::ipc {

// [text…] in what kpm.start, kpm.restart and kpm.reload answer of a process: what does not work of an app
// that is up all the same. Absent: nothing.
inline constexpr const char* kWarnings = "warnings";

}  // namespace kpm::ipc
