#pragma once
// The rows of getMonitorData as JSON text. What rows.h makes of them, but written down at once: the
// environments are most of a list, each is in it twice, and a tree of them costs many times what their text
// does. Pure.

#include <string>

#include "daemon/core/rows.h"

namespace kpm::core {

// Appends what row_with_usage(slot, usage) is as text; the members of pm2_env may be in another order.
void append_row(std::string& text, const Slot& slot, const Usage& usage);

// Appends a string of JSON, quotes included; bytes that are no UTF-8 become U+FFFD, as everywhere.
void append_string(std::string& text, std::string_view value);

}  // namespace kpm::core
