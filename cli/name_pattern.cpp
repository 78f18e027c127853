#include "cli/name_pattern.h"

#include <fmt/format.h>

// GCC 12 takes a std::function inside std::regex for uninitialised when the sanitizers are on (GCC bug
// 105562).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <regex>

namespace kpm::cli {

struct NamePattern::Compiled {
    std::regex expression;
};

bool NamePattern::is_one(std::string_view word) {
    return word.size() > 1 && word.front() == '/' && word.back() == '/';
}

Result<NamePattern> NamePattern::parse(std::string_view word) {
    std::string pattern(word);
    std::erase(pattern, '/');
    try {
        auto compiled = std::make_shared<Compiled>();
        compiled->expression = std::regex(pattern, std::regex::ECMAScript);
        return NamePattern(std::move(compiled));
    } catch (const std::regex_error& problem) {
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot use the pattern '{}': {}", word, problem.what())};
    }
}

bool NamePattern::matches(std::string_view name) const {
    try {
        return std::regex_search(name.begin(), name.end(), compiled_->expression);
    } catch (const std::regex_error&) {
        return false;  // too complex for this name
    }
}

}  // namespace kpm::cli

#pragma GCC diagnostic pop
