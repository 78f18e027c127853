// Configuration text: read or refused with a message; what was read is read again from its plain JSON.

#include <cstdint>

#include "ecosystem/read_json.h"
#include "tests/fuzz/require.h"

using namespace kpm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<ecosystem::JsonDocument> document = ecosystem::read_json(text, "fuzz.json");
    if (!document) {
        fuzz::require(document.error().message.starts_with("fuzz.json"), "an error names the file");
        return 0;
    }
    const std::string plain = document->value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (plain.size() > ecosystem::kMaxConfigSize) return 0;
    fuzz::require(ecosystem::read_json(plain, "fuzz.json").has_value(), "what was read is read again");
    return 0;
}
