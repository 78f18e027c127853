// What a process may write on its message channel: any bytes.
#include <cstdint>
#include <string_view>

#include "daemon/io/message_channel.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const kpm::Json& message : kpm::io::parse_message_lines(bytes)) {
        const std::string line = message.dump(-1, ' ', false, kpm::Json::error_handler_t::replace) + '\n';
        kpm::fuzz::require(kpm::io::parse_message_lines(line).size() == 1,
                           "a message that was read can be sent on");
    }
    return 0;
}
