#pragma once
// What a child sends on its channel, read as Node frames it: lines of JSON, some with a descriptor. Shared by
// the channels of apps (MessageChannel) and of cluster workers (NodeChannel); answers nothing by itself.
//
// A child may write what it likes: a line without end, or descriptors whose lines do not come, are told by
// trouble(), and what came before them can still be taken.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/line_reader.h"
#include "daemon/core/node_protocol.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class ChannelReader {
public:
    static constexpr std::size_t kMaxDescriptors = 64;  // without a line; Node sends one at a time

    // What an app says: AppSaid, or AppLine, for whose thread has no time to parse it.
    enum class AppLines { Parsed, AsTheyAre };
    explicit ChannelReader(AppLines app_lines = AppLines::Parsed) : app_lines_(app_lines) {}

    enum class Read {
        Some,
        Less,  // than there was room for: mostly there is no more now
        Nothing,
        End
    };
    // At most 64 KiB of `socket`. End: nothing follows; only then is `end_reason` set.
    Read read(int socket, std::string& end_reason);
    // What was read elsewhere.
    void feed(std::string_view bytes, std::vector<UniqueFd> descriptors = {});

    struct Heard {
        core::node::Message message;
        std::size_t size = 0;     // of its line
        bool has_handle = false;  // HandleSent: the descriptor has come, and was closed
    };
    // The next message that was read; nullopt: there is none yet.
    std::optional<Heard> next();
    // Why nothing more is to be read. After the last next().
    std::optional<std::string> trouble() const;

    // `line` as this child expects one of Node's own. Bun marks those, and hears them only so.
    std::string marked(std::string line) const;

private:
    AppLines app_lines_;
    core::LineReader lines_{core::node::kMaxLine};
    std::vector<UniqueFd> descriptors_;  // their lines have not been read to the end
    bool has_mark_ = false;
};

}  // namespace kpm::io
