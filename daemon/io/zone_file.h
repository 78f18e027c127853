#pragma once
// Time zones by name, from the system's zoneinfo (package tzdata). Reads one small file per call and keeps
// nothing.

#include <string_view>

#include "daemon/core/time_zone.h"
#include "ipc/base/result.h"

namespace kpm::io {

// `name` as in "Europe/Berlin". "" is the machine's own zone: the variable TZ, else /etc/localtime, else UTC.
// UTC needs no zoneinfo. Like libc it looks in $TZDIR if that is set, and TZ may also hold a rule or an
// absolute path. The error says: cannot load time zone '<name>': <reason>.
Result<core::TimeZone> load_zone(std::string_view name);

}  // namespace kpm::io
