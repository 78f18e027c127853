// Bytes that may be JSON: parse_json() understands what the library understands, as the library does.

#include <cstdint>

#include "ipc/base/json.h"
#include "tests/fuzz/require.h"

using namespace kpm;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Json mine = parse_json(text);
    const Json theirs = Json::parse(text, nullptr, false);
    // A text so short is never nested too deep.
    if (size <= 256) fuzz::require(mine.is_discarded() == theirs.is_discarded(), "the same texts are JSON");
    if (!mine.is_discarded()) fuzz::require(mine == theirs, "and mean the same");
    JsonFault fault;
    const Json small = parse_json(text, {.levels = 4, .parts = 20}, &fault);
    if (!small.is_discarded()) fuzz::require(small == mine, "limits leave out, and change nothing");
    fuzz::require(fault.byte <= size + 1, "a fault lies in the text");
    return 0;
}
