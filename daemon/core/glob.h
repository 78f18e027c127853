#pragma once
// One glob, with the meaning that picomatch (chokidar 3, so PM2) gives it: * ** ? [a-z] {a,b} {1..3} (a|b)
// and the extended @() ?() +() *() !(). A leading dot is matched like any other character. Pure.
//
// There is no backtracking: the positions of the path are gone through once, from its end, for all steps of
// the pattern together, so that no pattern takes longer than its length times that of the path.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kpm::core {

struct GlobNode;

class Glob {
public:
    // Matches paths that begin with `literal` (taken as it is) and go on as `pattern` says.
    Glob(std::string literal, std::string_view pattern);

    bool matches(std::string_view path) const;

private:
    struct Step {
        enum class Kind { End, Accept, Char, Class, One, Star, Any, Either, NotAhead };
        Kind kind = Kind::End;
        char32_t from = 0;
        bool is_negated = false;
        std::size_t next = 0;
        std::size_t other = 0;  // Either: the second way; NotAhead: what must not match
        std::vector<std::pair<char32_t, char32_t>> ranges{};
    };
    using Row = std::vector<std::uint8_t>;  // for each step: does the rest of the path match from it on?

    std::size_t emit(const GlobNode& node, std::size_t next);
    std::size_t emit_repeat(const GlobNode& node, std::size_t next);
    std::size_t emit_not(const GlobNode& node, std::size_t next);
    std::size_t push(Step step);
    void settle(Row& now, const Row& later, std::u32string_view rest, std::size_t first,
                std::size_t last) const;
    bool holds(std::size_t step, const Row& now, const Row& later, std::u32string_view rest) const;

    std::string literal_;
    std::vector<Step> steps_;
    std::size_t start_ = 0;
    bool is_possible_ = true;
    bool has_repeat_ = false;
    // Steps [first, last) of the negations, inner ones first: these must be settled before their negation is
    // read.
    std::vector<std::pair<std::size_t, std::size_t>> negations_;
};

// Whether chokidar takes the text for a glob (the rules of is-glob); a '?' alone is none.
bool is_glob(std::string_view text);

// Code points; a byte that is no UTF-8 stands for itself, above all code points.
std::u32string code_points(std::string_view text);

}  // namespace kpm::core
