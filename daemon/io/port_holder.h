#pragma once
// Who holds a TCP port, for error texts: the listening socket's inode out of /proc/net/tcp and tcp6, then the
// process that has it open. nullopt when nobody does, or its /proc entries may not be read, or it is in
// another namespace.

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace kpm::io {

struct PortHolder {
    pid_t pid = 0;
    std::string command;  // /proc/PID/comm
};

// Reads all of /proc.
std::optional<PortHolder> find_port_holder(std::uint16_t port);

// The same as it was a moment ago: an app that asks for a port again and again would have /proc read each
// time. And for some ports only in that moment: of one more, nobody is told.
class PortHolders {
public:
    using Clock = std::chrono::steady_clock;
    using Look = std::function<std::optional<PortHolder>(std::uint16_t port)>;

    static constexpr std::chrono::seconds kMoment{2};
    static constexpr std::size_t kMostLooks = 8;  // in it

    explicit PortHolders(Look look = find_port_holder) : look_(std::move(look)) {}
    std::optional<PortHolder> find(std::uint16_t port, Clock::time_point now);

private:
    struct Seen {
        std::uint16_t port = 0;
        Clock::time_point at;
        std::optional<PortHolder> holder;
    };
    Look look_;
    std::deque<Seen> seen_;  // oldest first
};

}  // namespace kpm::io
