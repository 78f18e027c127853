// man(7): https://man7.org/linux/man-pages/man7/man.7.html and groff_man_style(7).
#include <fmt/format.h>

#include <string_view>

#include "ipc/base/manual.h"
#include "ipc/base/text.h"

namespace kpm {
namespace {

// A hyphen would become a typographic one, which nobody can paste into a shell; quotes and carets likewise.
std::string roff_escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '\\':
                result += "\\e";
                break;
            case '-':
                result += "\\-";
                break;
            case '\'':
                result += "\\(aq";
                break;
            case '`':
                result += "\\(ga";
                break;
            case '^':
                result += "\\(ha";
                break;
            case '~':
                result += "\\(ti";
                break;
            default:
                result += c;
        }
    }
    return result;
}

// A line of text that begins with a dot would be a request.
std::string roff_line(std::string_view text) {
    std::string result;
    bool is_code = false;
    for (const std::string_view part : split(text, '`')) {
        if (!part.empty()) result += is_code ? "\\fB" + roff_escaped(part) + "\\fR" : roff_escaped(part);
        is_code = !is_code;
    }
    return result.starts_with('.') ? "\\&" + result : result;
}

// An argument of a macro: quotes end it.
std::string roff_argument(std::string_view text) {
    std::string result = "\"";
    for (const char c : roff_escaped(text)) {
        if (c == '"')
            result += "\\(dq";
        else
            result += c;
    }
    return result + "\"";
}

// What is typed is bold, what stands for something else is in italics: <n> without its brackets, [n] with
// them.
std::string roff_term(std::string_view term) {
    std::string result;
    while (!term.empty()) {
        const char first = term.front();
        const char closing = first == '<' ? '>' : first == '[' ? ']' : '\0';
        const std::size_t end = closing == '\0' ? std::string_view::npos : term.find(closing);
        if (end == std::string_view::npos) {
            const std::size_t length = std::min(term.find_first_of("<[", 1), term.size());
            result += "\\fB" + roff_escaped(term.substr(0, length)) + "\\fR";
            term.remove_prefix(length);
            continue;
        }
        const std::string inner = "\\fI" + roff_escaped(term.substr(1, end - 1)) + "\\fR";
        result += first == '<' ? inner : "[" + inner + "]";
        term.remove_prefix(end + 1);
    }
    return result;
}

void append_block(std::string& page, const Manual::Block& block);

void append_entry(std::string& page, const Manual::Entry& entry) {
    page += ".TP\n" + roff_term(entry.term) + "\n" + roff_line(entry.text) + "\n";
    if (entry.below.empty()) return;
    page += ".RS\n";
    for (const Manual::Entry& inner : entry.below) append_entry(page, inner);
    page += ".RE\n";
}

void append_block(std::string& page, const Manual::Block& block) {
    if (const auto* paragraph = std::get_if<Manual::Paragraph>(&block)) {
        page += ".PP\n" + roff_line(paragraph->text) + "\n";
    } else if (const auto* subtitle = std::get_if<Manual::Subtitle>(&block)) {
        page += ".SS " + roff_argument(subtitle->text) + "\n";
    } else if (const auto* entry = std::get_if<Manual::Entry>(&block)) {
        append_entry(page, *entry);
    } else if (const auto* example = std::get_if<Manual::Example>(&block)) {
        page += ".PP\n.RS 4\n.nf\n";
        for (const std::string_view line : split(example->lines, '\n'))
            page += (line.starts_with('.') ? "\\&" : "") + roff_escaped(line) + "\n";
        page += ".fi\n.RE\n";
    }
}

}  // namespace

std::string to_roff(const Manual& manual, const std::string& version) {
    std::string title;
    for (const char c : manual.name) title += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    std::string page = fmt::format(
        ".TH {} {} \"\" {} {}\n", roff_argument(title), manual.number, roff_argument("kpm " + version),
        roff_argument(manual.number == 8 ? "System administration" : "User commands"));
    // Hyphenation and justification make commands in narrow columns unreadable.
    page += ".nh\n.ad l\n";
    page += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff_escaped(manual.name),
                        roff_line(manual.summary));
    for (std::size_t i = 0; i < manual.synopsis.size(); ++i)
        page += (i == 0 ? "" : ".br\n") + roff_term(manual.synopsis[i]) + "\n";
    for (const Manual::Section& section : manual.sections) {
        page += ".SH " + roff_argument(section.title) + "\n";
        // .SH begins a paragraph itself.
        bool is_first = true;
        for (const Manual::Block& block : section.blocks) {
            if (const auto* paragraph = std::get_if<Manual::Paragraph>(&block); is_first && paragraph)
                page += roff_line(paragraph->text) + "\n";
            else
                append_block(page, block);
            is_first = false;
        }
    }
    if (manual.see_also.empty()) return page;
    page += ".SH \"SEE ALSO\"\n";
    for (std::size_t i = 0; i < manual.see_also.size(); ++i)
        page += fmt::format(".BR {} ({}){}\n", roff_escaped(manual.see_also[i].first),
                            manual.see_also[i].second, i + 1 < manual.see_also.size() ? "," : "");
    return page;
}

}  // namespace kpm
