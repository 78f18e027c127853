#pragma once
// Command lines under the real pm2 and under kpm, in the same order, each with a home of its own: what comes
// out of them is compared as text, part by part, with everything that differs by nature (pids, times, homes)
// masked. A difference that kpm has on purpose stands with the case; it must occur, and no other may.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/pm2_pair.h"

namespace kpm::test {

// What is compared after each command line.
enum class Part {
    Exit,    // the exit code
    Output,  // stdout
    Errors,  // stderr
    List,    // a line for each process: what jlist says of it
    Files,   // the names of the files in the home and in the working directory
};

// Lines that only one of the two has, in one part; a difference may have several of these. They are taken out
// before the rest is compared.
struct Difference {
    std::string_view name;  // what the cases call it by
    Part part;
    std::string_view pm2, kpm;  // regular expressions for whole lines; "" = none
    std::string_view row;       // first cell of its row in docs/pm2-differences.md
};

// All reviewed differences, and those that are everywhere (files of the home that only one of the two has).
std::span<const Difference> known_differences();
std::span<const Difference> differences_everywhere();

// `line` is split at blanks; '…' keeps them. A line with "< file" at its end reads that file; "$ …" is no
// command line but a shell command, run for each side with $HOME_OF_TEST set.
struct ParityCase {
    std::string_view line;
    std::vector<std::string_view> differences = {};
};

struct ParityGroup {
    std::string_view name;
    std::map<std::string_view, std::string_view> files;  // of the working directory
    std::vector<ParityCase> cases;
};

// Runs the group's cases; every unexpected difference, and every one that is missing, is a Catch failure.
// The number of command lines.
int compare(const ParityGroup& group);

// Pure: what is left of a text for the comparison. `roots` are paths that differ, with what stands for them.
std::string masked(std::string text, const std::map<std::string, std::string>& roots);

}  // namespace kpm::test
