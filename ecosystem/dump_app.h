#pragma once
// AppConfig -> JSON over the table of schema.h.

#include <span>
#include <string>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// What differs from the defaults, under canonical keys: parse_app gives the same AppConfig back.
Json dump_app(const AppConfig& config);

// PM2's pm2_env keys: what PM2 always sends, what differs from the defaults, and `extra`.
Json dump_wire(const AppConfig& config);

// Only the given keys (ParsedApp::given), under wire keys: the `current_conf` of a restart.
Json dump_wire(const AppConfig& config, std::span<const std::string> given);

}  // namespace kpm::ecosystem
