#pragma once
// What may stand at a place of a command line: commands, options, apps, an argument's own words. From the
// same tables as --help. Pure but for `apps`, which is asked only where an app may stand.

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"

namespace kpm::cli {

struct Candidate {
    std::string word;
    std::string help;  // "" = none

    bool operator==(const Candidate&) const = default;
};

// `words` is the line as the shell splits it, "kpm" first; the last one is being typed and may be empty.
// Empty: nothing to say, which the shell takes as leave to offer files.
std::vector<Candidate> complete(std::span<const std::string> words,
                                const std::function<std::vector<Candidate>()>& apps);

}  // namespace kpm::cli
