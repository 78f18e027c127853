#include "daemon/core/glob.h"

#include <algorithm>

#include "daemon/core/glob_syntax.h"

namespace kpm::core {
namespace {

constexpr char32_t kNoCodePoint = 0x110000;

std::size_t sequence_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xC2 && lead < 0xE0) return 2;
    if (lead >= 0xE0 && lead < 0xF0) return 3;
    if (lead >= 0xF0 && lead < 0xF5) return 4;
    return 0;
}

bool is_in(const std::vector<std::pair<char32_t, char32_t>>& ranges, char32_t c) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [c](const auto& range) { return range.first <= c && c <= range.second; });
}

// An opening bracket at `at` that is-glob counts: closed later, and not at once.
bool is_closed(std::string_view text, std::size_t at, char close) {
    return at + 1 < text.size() && text[at + 1] != close && text.find(close, at) != std::string_view::npos;
}

bool opens_group(std::string_view text, std::size_t at) {
    const auto has_close_after = [&](std::size_t from) {
        return text.find(')', from) != std::string_view::npos;
    };
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (at > 0 && std::string_view("@?!+*").find(text[at - 1]) != std::string_view::npos)
        return has_close_after(at);
    if (next == '?' && at + 3 < text.size() &&
        std::string_view(":!=").find(text[at + 2]) != std::string_view::npos)
        return text[at + 3] != ')' && has_close_after(at);
    const std::size_t pipe = text.find('|', at);
    return next != '|' && pipe != std::string_view::npos && pipe + 1 < text.size() && text[pipe + 1] != ')' &&
           has_close_after(pipe);
}

}  // namespace

Glob::Glob(std::string literal, std::string_view pattern) : literal_(std::move(literal)) {
    const auto tree = parse_glob(code_points(pattern));
    is_possible_ = tree.has_value();
    const std::size_t end = push({.kind = Step::Kind::End});
    if (tree) start_ = emit(*tree, end);
}

// Steps are made from the last to the first, so that the steps which one leads to stand before it; only the
// way back in a repetition leads forwards.
std::size_t Glob::emit(const GlobNode& node, std::size_t next) {
    using Kind = GlobNode::Kind;
    switch (node.kind) {
        case Kind::Char:
            return push({.kind = Step::Kind::Char, .from = node.from, .next = next});
        case Kind::Class:
            return push({.kind = Step::Kind::Class,
                         .is_negated = node.is_negated,
                         .next = next,
                         .ranges = node.ranges});
        case Kind::One:
            return push({.kind = Step::Kind::One, .next = next});
        case Kind::Star:
            return push({.kind = Step::Kind::Star, .next = next});
        case Kind::Any:
            return push({.kind = Step::Kind::Any, .next = next});
        case Kind::Optional:
            return push({.kind = Step::Kind::Either, .next = next, .other = emit(node.parts.front(), next)});
        case Kind::Repeat:
        case Kind::RepeatOnce:
            return emit_repeat(node, next);
        case Kind::NotAhead:
        case Kind::NotRest:
            return emit_not(node, next);
        case Kind::Sequence:
            for (auto part = node.parts.rbegin(); part != node.parts.rend(); ++part) next = emit(*part, next);
            return next;
        case Kind::Alternatives: {
            std::size_t first = emit(node.parts.front(), next);
            for (std::size_t i = 1; i < node.parts.size(); ++i)
                first = push({.kind = Step::Kind::Either, .next = first, .other = emit(node.parts[i], next)});
            return first;
        }
    }
    return next;
}

std::size_t Glob::emit_repeat(const GlobNode& node, std::size_t next) {
    has_repeat_ = true;
    const std::size_t loop = push({.kind = Step::Kind::Either, .next = next, .other = next});
    const std::size_t body = emit(node.parts.front(), loop);
    steps_[loop].other = body;
    return node.kind == GlobNode::Kind::RepeatOnce ? body : loop;
}

std::size_t Glob::emit_not(const GlobNode& node, std::size_t next) {
    const bool is_whole_rest = node.kind == GlobNode::Kind::NotRest;
    const std::size_t first = push({.kind = is_whole_rest ? Step::Kind::End : Step::Kind::Accept});
    const std::size_t unwanted = emit(node.parts.front(), first);
    negations_.emplace_back(first, steps_.size());
    return push({.kind = Step::Kind::NotAhead, .next = next, .other = unwanted});
}

std::size_t Glob::push(Step step) {
    steps_.push_back(std::move(step));
    return steps_.size() - 1;
}

bool Glob::matches(std::string_view path) const {
    if (!is_possible_ || !path.starts_with(literal_)) return false;
    const std::u32string text = code_points(path.substr(literal_.size()));
    Row now(steps_.size());
    Row later(steps_.size());
    for (std::size_t at = text.size() + 1; at-- > 0;) {
        std::swap(now, later);
        std::fill(now.begin(), now.end(), std::uint8_t{0});
        const auto rest = std::u32string_view(text).substr(at);
        for (const auto& [first, last] : negations_) settle(now, later, rest, first, last);
        settle(now, later, rest, 0, steps_.size());
    }
    return now[start_] != 0;
}

// Steps lead to settled ones, except for the way back in a repetition: then again until nothing changes,
// which takes as many passes as repetitions are nested.
void Glob::settle(Row& now, const Row& later, std::u32string_view rest, std::size_t first,
                  std::size_t last) const {
    bool has_changed = true;
    while (has_changed) {
        has_changed = false;
        for (std::size_t step = first; step < last; ++step) {
            const std::uint8_t value = holds(step, now, later, rest) ? 1 : 0;
            has_changed = has_changed || (has_repeat_ && value != now[step]);
            now[step] = value;
        }
    }
}

bool Glob::holds(std::size_t index, const Row& now, const Row& later, std::u32string_view rest) const {
    const Step& step = steps_[index];
    const auto goes_on = [&](bool is_match) { return !rest.empty() && is_match && later[step.next] != 0; };
    switch (step.kind) {
        case Step::Kind::End:
            return rest.empty();
        case Step::Kind::Accept:
            return true;
        case Step::Kind::Char:
            return goes_on(!rest.empty() && rest.front() == step.from);
        case Step::Kind::Class:
            return goes_on(!rest.empty() && is_in(step.ranges, rest.front()) != step.is_negated);
        case Step::Kind::One:
            return goes_on(!rest.empty() && rest.front() != U'/');
        case Step::Kind::Star:
            return now[step.next] || (!rest.empty() && rest.front() != U'/' && later[index]);
        case Step::Kind::Any:
            return now[step.next] || (!rest.empty() && later[index]);
        case Step::Kind::Either:
            return now[step.next] || now[step.other];
        case Step::Kind::NotAhead:
            return now[step.next] && !now[step.other];
    }
    return false;
}

bool is_glob(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '*') return true;
        if (c == '?' && at > 0 && std::string_view("].+)").find(text[at - 1]) != std::string_view::npos)
            return true;
        if (c == '[' && is_closed(text, at, ']')) return true;
        if (c == '{' && is_closed(text, at, '}')) return true;
        if (c == '(' && opens_group(text, at)) return true;
    }
    return false;
}

std::u32string code_points(std::string_view text) {
    std::u32string points;
    points.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
        const std::size_t length = sequence_length(byte(0));
        bool is_valid = length != 0 && at + length <= text.size();
        char32_t point = length > 1 ? byte(0) & (0xFFu >> (length + 1)) : byte(0);
        for (std::size_t i = 1; is_valid && i < length; ++i) {
            is_valid = (byte(i) & 0xC0u) == 0x80u;
            point = (point << 6) | (byte(i) & 0x3Fu);
        }
        points.push_back(is_valid ? point : kNoCodePoint + byte(0));
        at += is_valid ? length : 1;
    }
    return points;
}

}  // namespace kpm::core
