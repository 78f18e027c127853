#include "daemon/io/console_log.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "daemon/io/local_offset.h"
#include "ipc/container_protocol.h"

namespace kpm::io {
namespace {

// Without its reader the output is lost, as it would be for the app itself.
void write_whole(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {  // a terminal or pipe that somebody shares and has made so
            pollfd room{fd, POLLOUT, 0};
            ::poll(&room, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

}  // namespace

void ConsoleLog::write(const LogSource& source, core::LogStream stream, std::string_view text, WallTime at,
                       core::LineAssembler& rest) {
    if (lines_.shape() == core::ConsoleShape::None) return;
    if (lines_.shape() == core::ConsoleShape::Raw)
        return write_whole(stream == core::LogStream::Out ? STDOUT_FILENO : STDERR_FILENO, text);
    std::string formed;
    const std::chrono::seconds offset = local_offset(at);
    rest.feed(text, [&](std::string_view line) {
        lines_.append(formed, line, {source.pm_id, source.name, stream}, at, offset);
    });
    write_whole(STDOUT_FILENO, formed);
}

void ConsoleLog::finish(const LogSource& source, core::LogStream stream, WallTime at,
                        core::LineAssembler& rest) {
    std::string formed;
    rest.finish([&](std::string_view line) {
        lines_.append(formed, line, {source.pm_id, source.name, stream}, at, local_offset(at));
    });
    write_whole(STDOUT_FILENO, formed);
}

void ConsoleLog::print(std::string_view line) {
    write_whole(STDOUT_FILENO, line);
}

core::ConsoleShape console_shape_from_environment() {
    const char* name = std::getenv(ipc::kConsoleVariable);
    return core::console_shape(name ? name : "");
}

}  // namespace kpm::io
