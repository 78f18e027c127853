#include "render-worker/server/channel_fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "ipc/kpm_channel.h"

namespace kpm::render {

Result<std::optional<UniqueFd>> channel_from_environment() {
    const char* text = std::getenv(channel::kFdVariable);
    if (!text || !*text) return std::optional<UniqueFd>{};
    const std::string_view number = text;
    int fd = -1;
    const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), fd);
    if (failure != std::errc{} || end != number.data() + number.size() || fd < 0)
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot use channel '{}': {} is not a descriptor's number", number,
                                 channel::kFdVariable)};
    int type = 0;
    socklen_t size = sizeof type;
    if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
        return os_error("use channel", number, errno);
    if (type != SOCK_SEQPACKET)
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot use channel '{}': not a SOCK_SEQPACKET socket", number)};
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return std::optional<UniqueFd>{UniqueFd(fd)};
}

}  // namespace kpm::render
