#include "daemon/core/glob_syntax.h"

#include <algorithm>
#include <string>

#include "daemon/core/glob_class.h"

namespace kpm::core {
namespace {

using Kind = GlobNode::Kind;
constexpr auto npos = std::u32string_view::npos;

GlobNode character(char32_t c) {
    return {.kind = Kind::Char, .from = c};
}

GlobNode around(Kind kind, GlobNode part) {
    GlobNode node{.kind = kind};
    node.parts.push_back(std::move(part));
    return node;
}

GlobNode sequence(std::u32string_view text) {
    GlobNode node;
    for (const char32_t c : text) node.parts.push_back(character(c));
    return node;
}

bool is_one_of(char32_t c, std::u32string_view set) {
    return set.find(c) != npos;
}

bool holds_any(std::u32string_view text, std::u32string_view set) {
    return text.find_first_of(set) != npos;
}

class Parser {
public:
    Parser(std::u32string_view text, int depth) : text_(text), depth_(depth) {}

    // All of the text as the alternatives of a group that `close` ends; 0 for the pattern itself.
    std::optional<GlobNode> parse(char32_t close);

private:
    void item(char32_t close);
    void stars(char32_t close);
    void slash();
    void class_or_bracket();
    void group();
    void count();
    void braces();
    bool is_extended(std::size_t at) const;
    void extended(char32_t sign);
    void unwanted(GlobNode inner, std::u32string_view inner_text);
    void literal(char32_t c) { now_.parts.push_back(character(c)); }
    void add(std::optional<GlobNode> node);
    void repeat_last();  // the last part once or more often
    bool follows(char32_t c, std::size_t distance = 1) const {
        return at_ + distance < text_.size() && text_[at_ + distance] == c;
    }
    // The text between the bracket at `at` and the one that closes it; nothing: none does.
    std::optional<std::u32string_view> inside(std::size_t at, char32_t open, char32_t close) const;
    std::optional<GlobNode> nested(std::u32string_view text, char32_t close);

    std::u32string_view text_;
    int depth_;
    std::size_t at_ = 0;
    GlobNode now_{};
    bool is_impossible_ = false;
};

std::optional<GlobNode> Parser::parse(char32_t close) {
    if (depth_ > kMaxGlobDepth) return std::nullopt;
    GlobNode all{.kind = Kind::Alternatives};
    for (; at_ < text_.size(); ++at_) {
        const char32_t c = text_[at_];
        if (c == U'|' || (c == U',' && close == U'}')) {
            all.parts.push_back(std::exchange(now_, {}));
        } else {
            item(close);
        }
    }
    all.parts.push_back(std::move(now_));
    if (is_impossible_) return std::nullopt;
    return all;
}

void Parser::item(char32_t close) {
    const char32_t c = text_[at_];
    if (is_extended(at_)) return extended(c);
    switch (c) {
        case U'*':
            return stars(close);
        case U'/':
            return slash();
        case U'[':
            return class_or_bracket();
        case U'(':
            return group();
        case U'{':
            return braces();
        case U'?':
            return now_.parts.push_back({.kind = Kind::One});
        case U'+':
            if (close == U')' && !now_.parts.empty()) return repeat_last();
            return literal(c);
        default:
            return literal(c);
    }
}

// Two stars that are all between slashes (or groups) reach over slashes, otherwise stars do not.
void Parser::stars(char32_t close) {
    const std::size_t first = at_;
    while (follows(U'*') && !is_extended(at_ + 1)) ++at_;
    const bool is_in_braces = close == U'}';
    const bool is_start = first == 0 || is_one_of(text_[first - 1], is_in_braces ? U"/()," : U"/()");
    const bool is_end = at_ + 1 == text_.size() ||
                        is_one_of(text_[at_ + 1], is_in_braces ? U"/({," : U"/({") ||
                        (follows(U'@') && follows(U'(', 2));
    const bool is_globstar = at_ == first + 1 && is_start && is_end;
    now_.parts.push_back({.kind = is_globstar ? Kind::Any : Kind::Star});
}

void Parser::slash() {
    const auto is_globstar_at = [&](std::size_t distance) {
        return follows(U'*', distance) && follows(U'*', distance + 1) &&
               (at_ + distance + 2 >= text_.size() || follows(U'/', distance + 2));
    };
    if (!is_globstar_at(1)) return literal(U'/');
    const bool is_after_star = at_ > 0 && text_[at_ - 1] == U'*';
    while (is_globstar_at(1) && is_globstar_at(4) && follows(U'/', 3)) at_ += 3;
    GlobNode below;  // "/" and whatever comes
    below.parts.push_back(character(U'/'));
    below.parts.push_back({.kind = Kind::Any});
    at_ += 2;
    if (at_ + 1 >= text_.size()) {
        // At the end of the pattern "/**" also matches the directory itself, but not so that of "*/**".
        if (depth_ > 0 || is_after_star) return now_.parts.push_back(std::move(below));
        return now_.parts.push_back(around(Kind::Optional, std::move(below)));
    }
    now_.parts.push_back(around(Kind::Optional, std::move(below)));
    ++at_;
    literal(U'/');
}

void Parser::class_or_bracket() {
    std::size_t first = at_ + 1;
    if (first < text_.size() && text_[first] == U'^') ++first;
    if (first < text_.size() && text_[first] == U']')
        ++first;  // a bracket that stands first is one of the characters
    std::size_t end = text_.find(U']', first);
    while (end != npos && text_.substr(at_ + 1, end - at_ - 1).rfind(U"[:") != npos && text_[end - 1] == U':')
        end = text_.find(U']', end + 1);
    if (end == npos) return literal(U'[');
    const std::u32string_view content = text_.substr(at_ + 1, end - at_ - 1);
    auto either = character_class(std::u32string(content));
    if (either && !holds_any(content, U"-*+?.^${}(|)[]")) {
        // Plain characters in brackets may also be the very name of a file.
        GlobNode both = around(Kind::Alternatives, sequence(text_.substr(at_, end + 1 - at_)));
        both.parts.push_back(std::move(*either));
        either = std::move(both);
    }
    add(std::move(either));
    at_ = end;
    if (follows(U'+')) {
        ++at_;
        repeat_last();
    }
}

void Parser::group() {
    const auto content = inside(at_, U'(', U')');
    if (!content) return literal(U'(');
    at_ += content->size() + 1;
    add(nested(content->starts_with(U"?:") ? content->substr(2) : *content, U')'));
    count();
}

// The + or ? behind a group.
void Parser::count() {
    if (is_impossible_ || follows(U'(', 2) || !(follows(U'+') || follows(U'?'))) return;
    const bool is_repeat = text_[++at_] == U'+';
    if (is_repeat) return repeat_last();
    now_.parts.back() = around(Kind::Optional, std::move(now_.parts.back()));
}

void Parser::braces() {
    const auto content = inside(at_, U'{', U'}');
    if (!content) return literal(U'{');
    const std::size_t end = at_ + content->size() + 1;
    const std::size_t dots = content->find(U"..");
    if (content->find(U',') != npos) {
        add(nested(*content, U'}'));
    } else if (dots != npos && !holds_any(*content, U"{[(*?")) {
        // picomatch makes "{1..3}" the characters "[1-3]", whatever stands between: "{01..10}" is "[01-10]".
        std::u32string low(content->substr(0, dots)), high(content->substr(dots + 2));
        if (high < low) std::swap(low, high);
        add(character_class(low + U"-" + high));
    } else {
        literal(U'{');
        add(nested(*content, 0));
        literal(U'}');
    }
    at_ = end;
    if (follows(U'+')) {
        ++at_;
        repeat_last();
    }
}

bool Parser::is_extended(std::size_t at) const {
    const auto is_at = [&](std::size_t i, char32_t c) { return i < text_.size() && text_[i] == c; };
    return is_one_of(text_[at], U"?!+*@") && is_at(at + 1, U'(') && !is_at(at + 2, U'?') &&
           inside(at + 1, U'(', U')').has_value();
}

void Parser::extended(char32_t sign) {
    const std::u32string_view content = *inside(at_ + 1, U'(', U')');
    at_ += content.size() + 2;
    auto inner = nested(content, U')');
    if (!inner) return;
    switch (sign) {
        case U'!':
            return unwanted(std::move(*inner), content);
        case U'?':
            add(around(Kind::Optional, std::move(*inner)));
            break;
        case U'*':
            add(around(Kind::Repeat, std::move(*inner)));
            break;
        case U'+':
            add(around(Kind::RepeatOnce, std::move(*inner)));
            break;
        default:
            add(std::move(*inner));
            return count();
    }
    if (follows(U'?') && !follows(U'(', 2)) ++at_;  // only makes the repetition lazy
}

// Of "!(…)" picomatch looks at what follows: an extension, the end, or anything.
void Parser::unwanted(GlobNode inner, std::u32string_view inner_text) {
    const std::u32string_view rest = text_.substr(at_ + 1);
    const bool is_deep = inner_text.size() > 1 && inner_text.find(U'/') != npos;
    const bool is_extension = rest.size() > 1 && rest[0] == U'.' && !holds_any(rest.substr(1), U"/.");
    Kind kind = Kind::NotAhead;
    GlobNode forbidden = around(Kind::Sequence, std::move(inner));
    if (inner_text.find(U'*') != npos && is_extension) {
        add(nested(rest, 0));
        if (is_impossible_) return;
        forbidden.parts.push_back(std::move(now_.parts.back()));
        now_.parts.pop_back();
    } else if (is_deep || rest.find_first_not_of(U')') == npos) {
        kind = Kind::NotRest;
    }
    now_.parts.push_back(around(kind, std::move(forbidden)));
    now_.parts.push_back({.kind = is_deep ? Kind::Any : Kind::Star});
}

void Parser::add(std::optional<GlobNode> node) {
    if (node)
        now_.parts.push_back(std::move(*node));
    else
        is_impossible_ = true;
}

void Parser::repeat_last() {
    if (is_impossible_) return;
    now_.parts.back() = around(Kind::RepeatOnce, std::move(now_.parts.back()));
}

std::optional<std::u32string_view> Parser::inside(std::size_t at, char32_t open, char32_t close) const {
    int level = 0;
    for (std::size_t i = at; i < text_.size(); ++i) {
        if (text_[i] == open) ++level;
        if (text_[i] == close && --level == 0) return text_.substr(at + 1, i - at - 1);
    }
    return std::nullopt;
}

std::optional<GlobNode> Parser::nested(std::u32string_view text, char32_t close) {
    auto node = Parser(text, depth_ + 1).parse(close);
    if (!node) is_impossible_ = true;
    return node;
}

}  // namespace

std::optional<GlobNode> parse_glob(std::u32string_view pattern) {
    if (pattern.size() > kMaxGlob) return std::nullopt;
    auto tree = Parser(pattern, 0).parse(0);
    // The other ways of "a|b" are no absolute paths: they match none.
    if (tree) tree->parts.resize(1);
    return tree;
}

}  // namespace kpm::core
