#pragma once
// The JSON type of the project: keeps the order of keys, because PM2's users see it (jlist, dump.pm2).

#include <nlohmann/json.hpp>

#include <cstddef>
#include <limits>
#include <string_view>

// Compiled once, in json.cpp: every other file takes a seventh less time.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace kpm {
using Json = nlohmann::ordered_json;

// What a peer may not choose. Printing and copying takes stack for each level; each value takes memory that
// its text does not.
struct JsonLimits {
    std::size_t levels = 256;  // objects and arrays within each other
    // Names, values, and beginnings and ends of objects and arrays.
    std::size_t parts = std::numeric_limits<std::size_t>::max();
};

struct JsonFault {
    enum class Kind { NotJson, OutOfRange, TooDeep, TooMuch };
    Kind kind = Kind::NotJson;
    std::size_t byte = 0;  // of the text, counted from 1; where it is no JSON
};

// What another process wrote, in time that grows with the text and no faster, whatever it says (Json::parse
// with a callback does not do that). Discarded (is_discarded()) when it is no JSON, or beyond the limits;
// `fault`, if given, tells which.
Json parse_json(std::string_view text, const JsonLimits& limits = {}, JsonFault* fault = nullptr);
}  // namespace kpm
