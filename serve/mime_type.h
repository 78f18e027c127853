#pragma once
// Content types by a file's name. Pure.

#include <string_view>

namespace kpm::serve {

// Without a known extension: text/plain, as PM2's server has it.
std::string_view mime_type(std::string_view file_name);

}  // namespace kpm::serve
