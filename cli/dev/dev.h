#pragma once
// kpm-dev from argv to exit code.

#include <span>
#include <string>

namespace kpm::cli {

int run_dev(std::span<const std::string> words);

}  // namespace kpm::cli
