#pragma once
// A flat set of named values as text, one "name value" a line: the form of state that is written at every
// event, where a tree of JSON would cost more than the event itself. Newlines and backslashes of a value are
// escaped. Unknown names are for the reader to ignore; a name that comes twice counts where it comes last.
// Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kpm::core {

class RecordWriter {
public:
    void put(std::string_view name, std::int64_t value);
    void put(std::string_view name, std::string_view value);
    // What is put from here on has this before its name, as in "current.pid".
    void set_prefix(std::string_view prefix) { prefix_ = prefix; }

    std::string take() { return std::move(text_); }

private:
    void put_name(std::string_view name);

    std::string text_;
    std::string_view prefix_;
};

// Over a text that outlives it.
class RecordReader {
public:
    explicit RecordReader(std::string_view text);

    void set_prefix(std::string_view prefix) { prefix_ = prefix; }
    // nullopt: not there, or no number.
    std::optional<std::int64_t> number(std::string_view name) const;
    std::int64_t number_or(std::string_view name, std::int64_t absent) const {
        return number(name).value_or(absent);
    }
    // nullopt: not there.
    std::optional<std::string> text(std::string_view name) const;

private:
    std::unordered_map<std::string_view, std::string_view> values_;
    std::string_view prefix_;
};

}  // namespace kpm::core
