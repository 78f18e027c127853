#include "ipc/base/json_text.h"

#include <algorithm>

namespace kpm {

void append_json(std::string& text, std::string_view value) {
    const bool is_plain =
        std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (!is_plain) return append_json(text, Json(value));
    text += '"';
    text += value;
    text += '"';
}

void append_json(std::string& text, const Json& value) {
    if (value.is_structured() && value.empty()) {  // most of what apps tell of themselves is
        text += value.is_object() ? "{}" : "[]";
        return;
    }
    text += value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_key(std::string& text, std::string_view name) {
    if (!text.ends_with('{')) text += ',';
    append_json(text, name);
    text += ':';
}

void append_plain_key(std::string& text, std::string_view name) {
    text += text.ends_with('{') ? "\"" : ",\"";
    text += name;
    text += "\":";
}

void append_members(std::string& text, const Json& object) {
    for (const auto& [name, value] : object.get_ref<const Json::object_t&>()) {
        append_key(text, name);
        append_json(text, value);
    }
}

}  // namespace kpm
