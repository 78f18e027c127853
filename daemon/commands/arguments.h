#pragma once
// Reading the arguments of PM2's methods, which are loosely typed: an id may be a number or a text, alone or
// in an object.

#include <optional>
#include <string>

#include "ipc/base/json.h"

namespace kpm::core {

// The argument, or null when the client sent fewer.
const Json& argument(const Json& args, std::size_t index);
// The member, or null when it is no object or has none.
const Json& member_of(const Json& value, const char* key);
// 3 or "3"; nullopt otherwise.
std::optional<int> as_id(const Json& value);
// The member `key` of an object, or the value itself when it is none: `stopProcessId` takes 3, "3" and
// {"id":3}.
std::optional<int> id_or_member(const Json& value, const char* key);
// As a client would see it in an error: 3 for 3 and "3".
std::string shown(const Json& value);
std::string text_member(const Json& value, const char* key);

}  // namespace kpm::core
