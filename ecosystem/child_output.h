#pragma once
// Runs a program to its end and gives what it printed. Blocks, at most for the deadline: for short-lived
// commands of the CLI, not for the daemon. No shell.

#include <chrono>
#include <string>
#include <vector>

#include "ecosystem/environment.h"
#include "ipc/base/result.h"

namespace kpm::ecosystem {

struct ChildOutput {
    int wait_status = 0;  // as wait(2) gives it
    std::string out;
    std::string err;
};

// `program` is a path. stdin is empty. What it waits for a processor, up to a minute, moves the deadline.
// Unavailable: not ended by it, or printed more than
// `max_output` bytes on one stream; then it is killed with all that it has started. What a program that ends
// in time has started goes on, and is not waited for.
Result<ChildOutput> run_to_end(const std::string& program, const std::vector<std::string>& argv,
                               const Environment& env, std::chrono::milliseconds deadline,
                               std::size_t max_output);

}  // namespace kpm::ecosystem
