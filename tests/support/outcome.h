#pragma once
// What tests of the command line ask of its commands again and again.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/support/kpm_home.h"

namespace kpm::test {

// On either stream.
inline bool says(const CommandResult& result, const std::string& text) {
    return (result.out + result.err).find(text) != std::string::npos;
}

// Must succeed.
inline CommandResult good(const KpmHome& kpm, const std::vector<std::string>& args) {
    CommandResult result = kpm.kpm(args);
    INFO(result.out << result.err << kpm.daemon_log());
    REQUIRE(result.status == 0);
    return result;
}

}  // namespace kpm::test
