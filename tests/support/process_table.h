#pragma once
// What /proc says of processes that are not the test's own: who belongs to whom, and what each holds.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kpm::test {

// In the order of their pids; those that have ended and are not reaped count.
std::vector<int> children_of(int pid);
// The processes that were started with this variable in their environment.
std::vector<int> processes_with(const std::string& name, const std::string& value);

int parent_of(int pid);                                     // 0 = no such process
std::string variable_of(int pid, const std::string& name);  // of its first environment; "(none)"
std::map<std::string, std::string> variables_of(int pid);
std::string command_line(int pid);  // words separated by blanks

struct ProcessFigures {
    std::size_t descriptors = 0;
    std::size_t threads = 0;
    std::uintmax_t resident = 0;  // bytes
};
ProcessFigures figures_of(int pid);

}  // namespace kpm::test
