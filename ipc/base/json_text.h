#pragma once
// JSON written down as text at once, where a tree of it would only be made to be written: lists of many rows.
// Pure.

#include <string>
#include <string_view>

#include "ipc/base/json.h"

namespace kpm {

// Appends a string of JSON, quotes included; bytes that are no UTF-8 become U+FFFD, as everywhere.
void append_json(std::string& text, std::string_view value);
void append_json(std::string& text, const Json& value);

// A member of the object that `text` ends in: its name and colon, and a comma where something precedes.
void append_key(std::string& text, std::string_view name);
// The same of a name that has nothing to escape.
void append_plain_key(std::string& text, std::string_view name);

// All members of an object, without its braces.
void append_members(std::string& text, const Json& object);

}  // namespace kpm
