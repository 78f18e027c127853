#pragma once
// The version of the npm package that a script belongs to, for the list.

#include <filesystem>
#include <string>

namespace kpm::io {

// `version` of the nearest package.json in the script's folder or above; "" when there is none, or none with
// a version.
std::string package_version(const std::filesystem::path& script);

}  // namespace kpm::io
