// Configuration in YAML: read or refused with a message, and bounded, whatever the library makes of it.

#include <cstdint>

#include "ecosystem/read_yaml.h"
#include "tests/fuzz/require.h"

using namespace kpm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<ecosystem::JsonDocument> document = ecosystem::read_yaml(text, "fuzz.yaml");
    if (!document)
        fuzz::require(document.error().message.find("fuzz.yaml") != std::string::npos,
                      "an error names the file");
    else
        fuzz::require(!document->value.is_discarded(), "what was read has a value");
    return 0;
}
