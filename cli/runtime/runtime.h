#pragma once
// kpm-runtime from argv to exit code.

#include <span>
#include <string>

namespace kpm::cli {

int run_runtime(std::span<const std::string> words);

}  // namespace kpm::cli
