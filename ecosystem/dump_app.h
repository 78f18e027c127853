#pragma once
// AppConfig -> JSON over the table of schema.h.

#include <cstddef>
#include <span>
#include <string>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// What differs from the defaults, under canonical keys: parse_app gives the same AppConfig back.
Json dump_app(const AppConfig& config);

// PM2's pm2_env keys: what PM2 always sends, what differs from the defaults, and `extra`.
// `more`: how many members the caller will add.
Json dump_wire(const AppConfig& config, std::size_t more = 0);

// Only the given keys (ParsedApp::given), under wire keys: the `current_conf` of a restart.
Json dump_wire(const AppConfig& config, std::span<const std::string> given);

}  // namespace kpm::ecosystem
