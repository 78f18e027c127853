#pragma once
// The target of a request -> a path below the served folder. Pure: what the path is on the disk, and whether
// a link in it leads elsewhere, is site.h's concern.

#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::serve {

struct TargetPath {
    std::string
        path;  // decoded, without "." and "..", without a slash at either end: "" is the folder itself
    std::string query;          // with its '?', as it came
    bool names_folder = false;  // ended with a slash

    // A part of it begins with a dot (.well-known, by which a host proves who it is, does not count).
    bool is_hidden() const;
    std::string_view last_part() const;
};

// Invalid: no such thing as a target (not from '/', a broken escape, a NUL). Denied: leads above the folder.
Result<TargetPath> parse_target(std::string_view target);

// For a link: all but letters, digits and -._~ as %XX, slashes stay.
std::string encode_path(std::string_view path);

}  // namespace kpm::serve
