#include "daemon/io/channel_reader.h"

#include <array>
#include <utility>

#include "ipc/base/fd_passing.h"

namespace kpm::io {
namespace {

namespace node = core::node;

constexpr std::size_t kReadSize = std::size_t{64} << 10;
// Bun begins its internal lines with it.
constexpr char kMark = '\x02';

}  // namespace

ChannelReader::Read ChannelReader::read(int socket, std::string& end_reason) {
    std::array<std::byte, kReadSize> buffer;
    auto received = receive_with_fds(socket, buffer);
    if (!received && received.error().code == ErrorCode::Unavailable) return Read::Nothing;
    if (!received) {
        end_reason = received.error().message;
        return Read::End;
    }
    if (received->size == 0) {
        end_reason = "the process has closed its channel";
        return Read::End;
    }
    feed({reinterpret_cast<const char*>(buffer.data()), received->size}, std::move(received->fds));
    return received->size < buffer.size() ? Read::Less : Read::Some;
}

void ChannelReader::feed(std::string_view bytes, std::vector<UniqueFd> descriptors) {
    for (UniqueFd& fd : descriptors) descriptors_.push_back(std::move(fd));
    lines_.feed(bytes);
}

std::optional<ChannelReader::Heard> ChannelReader::next() {
    auto line = lines_.next();
    if (!line) return std::nullopt;
    if (line->starts_with(kMark)) {
        has_mark_ = true;
        line->remove_prefix(1);
    }
    const bool is_parsed = app_lines_ == AppLines::Parsed || node::may_be_nodes_own(*line);
    Heard heard{.message = is_parsed ? node::parse_message(*line) : node::AppLine{std::string(*line)},
                .size = line->size()};
    if (std::holds_alternative<node::HandleSent>(heard.message) && !descriptors_.empty()) {
        descriptors_.erase(descriptors_.begin());
        heard.has_handle = true;
    }
    return heard;
}

std::optional<std::string> ChannelReader::trouble() const {
    if (lines_.is_overlong()) return "the process sent a message longer than 8 MiB";
    if (descriptors_.size() > kMaxDescriptors) return "the process sent descriptors without messages";
    return std::nullopt;
}

std::string ChannelReader::marked(std::string line) const {
    if (has_mark_ && line.find("\"cmd\":\"NODE_") != std::string::npos) line.insert(line.begin(), kMark);
    return line;
}

}  // namespace kpm::io
