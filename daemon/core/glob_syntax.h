#pragma once
// The syntax of picomatch's globs, as a tree. Pure; for Glob only.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace kpm::core {

struct GlobNode {
    enum class Kind {
        Char,          // `from`
        Class,         // one character of `ranges`, or none of them
        One,           // one character but '/'
        Star,          // any number of characters but '/'
        Any,           // any number of characters
        Sequence,      // the parts one after the other
        Alternatives,  // one of the parts
        Optional,      // the only part, or nothing
        Repeat,        // the only part any number of times
        RepeatOnce,    // the only part once or more often
        NotAhead,      // consumes nothing; the only part must not match what follows
        NotRest,       // the same, where the part would have to match all that follows
    };
    Kind kind = Kind::Sequence;
    std::vector<GlobNode> parts{};
    char32_t from = 0;
    std::vector<std::pair<char32_t, char32_t>> ranges{};
    bool is_negated = false;
};

inline constexpr std::size_t kMaxGlob = 4096;  // characters; longer ones are refused
inline constexpr int kMaxGlobDepth = 50;       // nested groups

// Nothing: no path can match it (picomatch answers a wrong regular expression in the same way).
std::optional<GlobNode> parse_glob(std::u32string_view pattern);

}  // namespace kpm::core
