#pragma once
// The JSON type of the project: keeps the order of keys, because PM2's users see it (jlist, dump.pm2).

#include <nlohmann/json.hpp>

namespace kpm {
using Json = nlohmann::ordered_json;
}  // namespace kpm
