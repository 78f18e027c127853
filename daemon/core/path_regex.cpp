#include "daemon/core/path_regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

namespace kpm::core {
namespace {

constexpr std::string_view kFlags = "dgimsu";
constexpr std::size_t kMaxDepth = 50;  // of groups: they are compiled by recursion

// What a pattern takes, found without compiling it.
struct Extent {
    std::size_t size = 0;  // at most a little more than kMaxSize
    std::size_t depth = 0;
    bool has_nested_lookahead = false;  // each level would multiply the time by the path's length
};

// The end of "{2,7}" at `at`, and its larger number; 0: it is no count.
std::size_t read_count(std::string_view pattern, std::size_t at, std::size_t& count) {
    std::size_t number = 0;
    bool has_digit = false;
    for (std::size_t i = at + 1; i < pattern.size(); ++i) {
        const char letter = pattern[i];
        if (letter == '}') {
            count = std::max(count, number);
            return has_digit ? i : 0;
        }
        if (letter == ',') {
            count = std::max(count, std::exchange(number, 0));
        } else if (std::isdigit(static_cast<unsigned char>(letter)) != 0) {
            has_digit = true;
            number = std::min(number * 10 + static_cast<std::size_t>(letter - '0'), PathRegex::kMaxSize + 1);
        } else {
            return 0;
        }
    }
    return 0;
}

std::size_t end_of_class(std::string_view pattern, std::size_t at) {
    for (++at; at < pattern.size() && pattern[at] != ']'; ++at)
        if (pattern[at] == '\\') ++at;
    return at;
}

Extent measure(std::string_view pattern) {
    struct Group {
        std::size_t size = 0;
        bool is_lookahead = false;
    };
    Extent extent;
    std::vector<Group> groups(1);
    std::size_t last = 0;  // the size of what a count would repeat
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        if (pattern[at] == '(') {
            const std::string_view rest = pattern.substr(at);
            const bool is_lookahead = rest.starts_with("(?=") || rest.starts_with("(?!");
            if (is_lookahead && std::ranges::any_of(groups, &Group::is_lookahead))
                extent.has_nested_lookahead = true;
            groups.push_back({.is_lookahead = is_lookahead});
            extent.depth = std::max(extent.depth, groups.size() - 1);
            last = 0;
            continue;
        }
        std::size_t count = 0;
        if (const std::size_t end = pattern[at] == '{' ? read_count(pattern, at, count) : 0; end != 0) {
            groups.back().size += last * (std::max<std::size_t>(count, 1) - 1);
            last *= std::max<std::size_t>(count, 1);
            at = end;
        } else if (pattern[at] == ')' && groups.size() > 1) {
            last = groups.back().size + 1;
            groups.pop_back();
            groups.back().size += last;
        } else {
            if (pattern[at] == '\\') ++at;
            if (at < pattern.size() && pattern[at] == '[') at = end_of_class(pattern, at);
            last = 1;
            ++groups.back().size;
        }
        last = std::min(last, PathRegex::kMaxSize + 1);
        groups.back().size = std::min(groups.back().size, PathRegex::kMaxSize + 1);
    }
    for (const Group& group : groups) extent.size += group.size;
    return extent;
}

}  // namespace

Result<PathRegex> PathRegex::compile(std::string_view entry) {
    const auto failed = [](std::string reason) { return Error{ErrorCode::Invalid, std::move(reason)}; };
    const std::size_t end = entry.rfind('/');
    if (end < kPrefix.size()) return failed("no second '/'");
    const std::string_view pattern = entry.substr(kPrefix.size(), end - kPrefix.size());
    const std::string_view given = entry.substr(end + 1);
    if (const auto flag = given.find_first_not_of(kFlags); flag != std::string_view::npos)
        return failed(fmt::format("flag '{}', allowed are {}", given[flag], fmt::join(kFlags, ", ")));
    if (pattern.size() > kMaxPattern) return failed(fmt::format("longer than {} bytes", kMaxPattern));
    const Extent extent = measure(pattern);
    if (extent.size > kMaxSize)
        return failed(fmt::format("more than {} characters with all repetitions", kMaxSize));
    if (extent.depth > kMaxDepth) return failed(fmt::format("more than {} groups in each other", kMaxDepth));
    if (extent.has_nested_lookahead) return failed("a lookahead in a lookahead");
    auto flags = std::regex::ECMAScript | std::regex::optimize | std::regex::nosubs |
                 std::regex_constants::__polynomial;
    if (given.find('i') != std::string_view::npos) flags |= std::regex::icase;
    try {
        // What comes before the match is part of the automaton: else each place would be tried for itself.
        return PathRegex(std::regex(fmt::format("[\\s\\S]*(?:{})", pattern), flags));
    } catch (const std::regex_error& error) {
        return failed(error.what());
    }
}

bool PathRegex::matches(std::string_view path) const {
    if (path.size() > kMaxPath) return false;
    try {
        return std::regex_search(path.begin(), path.end(), regex_, std::regex_constants::match_continuous);
    } catch (const std::regex_error&) {
        return false;  // out of memory for it
    }
}

}  // namespace kpm::core
