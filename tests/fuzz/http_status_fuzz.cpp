// What a server may answer to a health probe: any bytes, in any pieces.
#include <cstdint>
#include <string_view>

#include "daemon/core/http_status.h"
#include "tests/fuzz/require.h"

namespace {

// The status, 0 = none yet, -1 = an error.
int read(std::string_view bytes, std::size_t piece) {
    kpm::core::HttpStatusReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto status = reader.feed(bytes.substr(at, piece));
        if (!status) {
            kpm::fuzz::require(status.error().message.size() < 200, "a message is short");
            return -1;
        }
        if (*status) return **status;
    }
    kpm::fuzz::require(bytes.size() <= kpm::core::HttpStatusReader::kMost,
                       "it waits for no more than it may");
    return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const int status = read(bytes, size + 1);
    kpm::fuzz::require(status <= 0 || status == 101 || (status >= 200 && status <= 599), "a final status");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}})
        kpm::fuzz::require(read(bytes, piece) == status, "pieces change nothing");
    return 0;
}
