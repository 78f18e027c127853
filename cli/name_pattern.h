#pragma once
// "/pattern/" on the command line: a JavaScript regular expression tried anywhere in a process's name. As in
// PM2, every '/' inside is dropped. Pure.

#include <memory>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::cli {

class NamePattern {
public:
    static bool is_one(std::string_view word);  // starts and ends with '/'
    // Invalid: not a regular expression.
    static Result<NamePattern> parse(std::string_view word);

    bool matches(std::string_view name) const;

private:
    struct Compiled;
    explicit NamePattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

    std::shared_ptr<const Compiled>
        compiled_;  // shared because a pattern is copied into callbacks, and never changes
};

}  // namespace kpm::cli
