// What a process may write on its message channel: any bytes, in any chunking.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/io/channel_reader.h"
#include "tests/fuzz/require.h"

namespace {

using namespace kpm;
using namespace kpm::io;

std::vector<std::string> messages_in(std::string_view bytes, std::size_t chunk) {
    ChannelReader reader;
    std::vector<std::string> messages;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk, bytes.size()))) {
        reader.feed(bytes.substr(0, chunk));
        while (const auto heard = reader.next()) {
            fuzz::require(!heard->has_handle, "no descriptor comes with bytes alone");
            if (const auto* said = std::get_if<core::node::AppSaid>(&heard->message))
                messages.push_back(core::node::app_line(said->message));
        }
    }
    return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto messages = messages_in(bytes, std::max<std::size_t>(size, 1));
    fuzz::require(messages == messages_in(bytes, 7), "the chunking does not matter");
    for (const std::string& line : messages)
        fuzz::require(messages_in(line, line.size()).size() == 1, "a message that was read can be sent on");
    return 0;
}
