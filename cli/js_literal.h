#pragma once
// JSON values as JavaScript literal text, laid out as Node's util.inspect does with unlimited depth (Node's
// documented defaults: 80 columns, the three innermost levels on one line where they fit, 100 array elements,
// 10,000 characters of a text). It is the output of `prettylist` and of the id lists in messages, which
// scripts match on. Pure.

#include <string>

#include "ipc/base/json.h"

namespace kpm::cli {

std::string js_literal(const Json& value);

}  // namespace kpm::cli
