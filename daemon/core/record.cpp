#include "daemon/core/record.h"

#include <charconv>

namespace kpm::core {

void RecordWriter::put_name(std::string_view name) {
    text_ += prefix_;
    text_ += name;
    text_ += ' ';
}

void RecordWriter::put(std::string_view name, std::int64_t value) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    put_name(name);
    text_.append(digits, end);
    text_ += '\n';
}

void RecordWriter::put(std::string_view name, std::string_view value) {
    put_name(name);
    for (const char c : value) {
        if (c == '\n')
            text_ += "\\n";
        else if (c == '\\')
            text_ += "\\\\";
        else
            text_ += c;
    }
    text_ += '\n';
}

RecordReader::RecordReader(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (const std::size_t space = line.find(' '); space != std::string_view::npos)
            values_.insert_or_assign(line.substr(0, space), line.substr(space + 1));
    }
}

std::optional<std::int64_t> RecordReader::number(std::string_view name) const {
    const auto value = text(name);
    if (!value) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
    return number;
}

std::optional<std::string> RecordReader::text(std::string_view name) const {
    const auto it = values_.find(std::string(prefix_).append(name));
    if (it == values_.end()) return std::nullopt;
    std::string value;
    for (std::size_t i = 0; i < it->second.size(); ++i) {
        const bool is_escape = it->second[i] == '\\' && i + 1 < it->second.size();
        value += !is_escape ? it->second[i] : it->second[++i] == 'n' ? '\n' : it->second[i];
    }
    return value;
}

}  // namespace kpm::core
