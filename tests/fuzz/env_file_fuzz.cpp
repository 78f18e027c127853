// Files of variables: read or refused with a message; what was read is read again from its quoted form.

#include <cstdint>

#include "ecosystem/env_file.h"
#include "tests/fuzz/require.h"

using namespace kpm;

namespace {

std::string quoted(const std::string& value) {
    std::string text = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == '$') text += '\\';
        if (c == '\r')
            text += "\\r";
        else
            text += c;
    }
    return text + '"';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto env = ecosystem::parse_env_file(text, "fuzz.env");
    if (!env) {
        fuzz::require(env.error().message.find("fuzz.env") != std::string::npos, "an error names the file");
        return 0;
    }
    std::string plain;
    for (const auto& [name, value] : *env) plain += name + "=" + quoted(value) + "\n";
    const auto again = ecosystem::parse_env_file(plain, "fuzz.env");
    fuzz::require(plain.size() > (1 << 20) || (again && *again == *env), "what was read is read again");
    return 0;
}
