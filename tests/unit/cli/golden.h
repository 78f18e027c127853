#pragma once
// Golden text of this test: what PM2's own CLI printed for the data in monitor_data.json, in
// tests/golden/cli.

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "ipc/base/json.h"

namespace kpm::cli {

inline std::string golden(const std::string& name) {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    std::ifstream file(std::string(source == nullptr ? "." : source) + "/tests/golden/cli/" + name,
                       std::ios::binary);
    if (!file) throw std::runtime_error("no golden file " + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

inline Json golden_json(const std::string& name) {
    return Json::parse(golden(name));
}

}  // namespace kpm::cli
