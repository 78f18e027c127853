// What an app, or who pretends to be Node, may write to its channel: any bytes, in any chunking.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/line_reader.h"
#include "daemon/core/node_protocol.h"
#include "tests/fuzz/require.h"

namespace {

std::vector<std::string> lines_of(std::string_view bytes, std::size_t chunk) {
    kpm::core::LineReader reader(64);
    std::vector<std::string> lines;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(chunk, bytes.size()))) {
        reader.feed(bytes.substr(0, chunk));
        while (const auto line = reader.next()) lines.emplace_back(*line);
    }
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kpm;
    using namespace kpm::core::node;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto lines = lines_of(bytes, bytes.size());
    fuzz::require(lines == lines_of(bytes, 7), "the chunking does not matter");
    for (const std::string& line : lines) {
        const Message message = parse_message(line);
        fuzz::require(may_be_nodes_own(line) || std::holds_alternative<AppSaid>(message) ||
                          std::holds_alternative<Unknown>(message),
                      "the text of Node's own tells that it may be");
        if (const auto* asked = std::get_if<ListenAsked>(&message)) {
            fuzz::require(asked->query.kind != ListenQuery::Kind::Tcp || asked->query.port >= 0,
                          "a port is no less than 0");
            const std::string answer = answer_line({.question = asked->seq,
                                                    .error_number = 0,
                                                    .key = socket_key(asked->query),
                                                    .data = asked->query.data,
                                                    .name = {}},
                                                   1);
            fuzz::require(std::count(answer.begin(), answer.end(), '\n') == 1, "an answer is one line");
        }
        if (const auto* said = std::get_if<AppSaid>(&message)) {
            const std::string again = app_line(said->message);
            fuzz::require(std::count(again.begin(), again.end(), '\n') == 1, "a message is one line");
        }
    }
    return 0;
}
