// A genome as a client may send it: any JSON is taken or refused with a message.

#include <cstdint>

#include "ipc/base/json.h"
#include "render-worker/genome/genome.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const kpm::Json json = kpm::Json::parse(data, data + size, nullptr, false);
    if (json.is_discarded()) return 0;
    const auto genome = kpm::render::parse_genome(json);
    if (!genome) kpm::fuzz::require(!genome.error().message.empty(), "a refusal says why");
    return 0;
}
