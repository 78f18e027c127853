#pragma once
// The project's JSON type (ipc/base/json.h), declared only: nlohmann's header costs seconds in every file.

#include <nlohmann/json_fwd.hpp>

namespace kpm {
using Json = nlohmann::ordered_json;
}  // namespace kpm
