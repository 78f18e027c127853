#include "daemon/core/glob_class.h"

#include <string_view>

namespace kpm::core {
namespace {

constexpr auto npos = std::u32string_view::npos;

struct PosixClass {
    std::u32string_view name, ranges;
};
constexpr PosixClass kPosixClasses[] = {
    {U"[:alnum:]", U"a-zA-Z0-9"}, {U"[:alpha:]", U"a-zA-Z"},      {U"[:digit:]", U"0-9"},
    {U"[:lower:]", U"a-z"},       {U"[:space:]", U" \t\r\n\v\f"}, {U"[:upper:]", U"A-Z"},
    {U"[:word:]", U"A-Za-z0-9_"}, {U"[:xdigit:]", U"A-Fa-f0-9"},
};

}  // namespace

std::optional<GlobNode> character_class(std::u32string text) {
    for (const PosixClass& known : kPosixClasses)
        if (const auto at = text.find(known.name); at != npos)
            text.replace(at, known.name.size(), known.ranges);
    GlobNode node{.kind = GlobNode::Kind::Class};
    std::size_t at = 0;
    if (text.starts_with(U'^')) {
        node.is_negated = true;
        at = 1;
        if (text.find(U'/') == npos) node.ranges.emplace_back(U'/', U'/');
    }
    for (; at < text.size(); ++at) {
        const bool is_range = at + 2 < text.size() && text[at + 1] == U'-';
        const char32_t last = is_range ? text[at + 2] : text[at];
        if (last < text[at]) return std::nullopt;
        node.ranges.emplace_back(text[at], last);
        if (is_range) at += 2;
    }
    return node;
}

}  // namespace kpm::core
