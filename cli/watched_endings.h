#pragma once
// --ext: which files an app that is watched does not care for, as entries of `ignore_watch`.

#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::cli {

// All files below `folder` but those with one of the endings ("js,json"). Files with another ending are
// ignored by a pattern, also those to come; those without one by name, as they are now. Since entries replace
// the default of `ignore_watch`, it is among them. Invalid: an ending that is none.
Result<std::vector<std::string>> ignored_but(std::string_view endings, const std::string& folder);

}  // namespace kpm::cli
