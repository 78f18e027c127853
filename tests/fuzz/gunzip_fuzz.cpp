// A genome as a server may send it: unzipped within the limit, or refused.

#include <cstdint>
#include <string>

#include "render-worker/server/gunzip.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t kLimit = 100000;
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const auto unzipped = kpm::render::gunzip(bytes, kLimit);
    if (!unzipped) {
        kpm::fuzz::require(unzipped.error().message.starts_with("cannot unzip 'genome': "),
                           "a refusal says what cannot be done");
        return 0;
    }
    kpm::fuzz::require(unzipped->size() <= kLimit || *unzipped == bytes, "the limit holds");
    return 0;
}
