#pragma once
// The end of everything below this process, when asking has not helped.

namespace kpm::cli {

// From now on orphans of what this process has started become its own children, wherever it runs.
void adopt_orphans();

// SIGKILL to all other processes of the container when this is its first one, else to all descendants; then
// waits until they are gone, for a bounded time.
void kill_everything();

}  // namespace kpm::cli
