#pragma once
// The JSON type of the project: keeps the order of keys, because PM2's users see it (jlist, dump.pm2).

#include <nlohmann/json.hpp>

#include <string_view>

// Compiled once, in json.cpp: every other file takes a seventh less time.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace kpm {
using Json = nlohmann::ordered_json;

// What another process wrote. Discarded (is_discarded()) when it is no JSON, or nested deeper than 256
// levels: printing and copying takes stack for each level, so a peer must not choose how many there are.
Json parse_json(std::string_view text);
}  // namespace kpm
