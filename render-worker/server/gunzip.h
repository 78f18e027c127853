#pragma once
// gzip (RFC 1952) undone in memory, within bounds. Pure.

#include <cstddef>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::render {

bool is_gzip(std::string_view bytes);

// Bytes that are not gzip stay as they are; what is zipped twice (a .gz file sent with a Content-Encoding) is
// unzipped twice. Errors: Invalid (damaged, cut off, more than `max_bytes`).
Result<std::string> gunzip(std::string bytes, std::size_t max_bytes);

}  // namespace kpm::render
