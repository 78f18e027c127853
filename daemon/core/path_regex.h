#pragma once
// A regular expression that paths are matched against, as an entry of `ignore_watch` or of `watch_options`'
// `ignored`: "regexp:/source/flags", which is how a RegExp of a .config.js file is written down, since JSON
// has none. The prefix tells it from paths and globs, which may begin and end with a slash, too. Pure.
//
// JavaScript's syntax as far as std::regex knows it: no lookbehind, named groups, \p{…} and back-references.
// Of the flags `i` counts; d, g, m, s and u change nothing for a path. Bytes are matched, not code points.
//
// The path may be anybody's, and the pattern may be meant badly: it is matched by libstdc++'s automaton,
// which does not go back, in time and memory that grow with the product of both lengths. They are limited,
// and so is what counts like {100} make of the pattern. A longer path is not matched.

#include <cstddef>
#include <regex>
#include <string_view>
#include <utility>

#include "ipc/base/result.h"

namespace kpm::core {

class PathRegex {
public:
    static constexpr std::string_view kPrefix = "regexp:/";
    static constexpr std::size_t kMaxPattern = 512;  // bytes
    static constexpr std::size_t kMaxSize = 1000;    // characters and classes, with all their repetitions
    static constexpr std::size_t kMaxPath = 1024;    // bytes

    static bool is_regex(std::string_view entry) { return entry.starts_with(kPrefix); }
    // Of an entry that is one. Invalid: why it cannot be.
    static Result<PathRegex> compile(std::string_view entry);

    // Whether some part of the path is matched, which ^ and $ tie to its ends.
    bool matches(std::string_view path) const;

private:
    explicit PathRegex(std::regex regex) : regex_(std::move(regex)) {}

    std::regex regex_;
};

}  // namespace kpm::core
