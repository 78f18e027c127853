#include <fmt/format.h>

#include <string_view>

#include "ipc/base/manual.h"
#include "ipc/base/text.h"

namespace kpm {
namespace {

// Outside of code < begins HTML and * emphasis.
std::string markdown_line(std::string_view text) {
    std::string result;
    bool is_code = false;
    for (const char c : text) {
        if (c == '`') is_code = !is_code;
        if (!is_code && (c == '<' || c == '*' || c == '\\')) result += '\\';
        result += c;
    }
    return result;
}

void append_item(std::string& page, const Manual::Entry& entry, const std::string& indent) {
    page += fmt::format("{}- `{}`: {}\n", indent, entry.term, markdown_line(entry.text));
    for (const Manual::Entry& inner : entry.below) append_item(page, inner, indent + "  ");
}

// "process manager" -> "Process manager"
std::string sentence(const std::string& text) {
    std::string result = text;
    if (!result.empty() && result[0] >= 'a' && result[0] <= 'z')
        result[0] = static_cast<char>(result[0] - 'a' + 'A');
    return result;
}

// "EXIT STATUS" -> "Exit status"
std::string heading(const std::string& title) {
    return title.substr(0, 1) + lower(title.substr(1));
}

}  // namespace

std::string to_markdown(const Manual& manual) {
    std::string page =
        fmt::format("## {}\n\n{}.\n\n```\n", manual.name, markdown_line(sentence(manual.summary)));
    for (const std::string& line : manual.synopsis) page += line + "\n";
    page += "```\n";
    for (const Manual::Section& section : manual.sections) {
        page += fmt::format("\n### {}\n", heading(section.title));
        bool is_in_list = false;
        for (const Manual::Block& block : section.blocks) {
            const auto* entry = std::get_if<Manual::Entry>(&block);
            if (!entry || !is_in_list) page += "\n";
            is_in_list = entry != nullptr;
            if (entry)
                append_item(page, *entry, "");
            else if (const auto* paragraph = std::get_if<Manual::Paragraph>(&block))
                page += markdown_line(paragraph->text) + "\n";
            else if (const auto* subtitle = std::get_if<Manual::Subtitle>(&block))
                page += fmt::format("#### {}\n", markdown_line(subtitle->text));
            else if (const auto* example = std::get_if<Manual::Example>(&block))
                page += fmt::format("```sh\n{}\n```\n", example->lines);
        }
    }
    return page;
}

}  // namespace kpm
