#pragma once
// kpmd's part in a test: owns the listening socket and one end of a worker's channel, accepts real
// connections and passes them on, and collects what the worker says.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "ipc/kpm_channel.h"

namespace kpm::test {

class KpmEnd {
public:
    KpmEnd();

    // For the child; close_worker_end() once it has its copy.
    int worker_end() const { return channel_[1].get(); }
    void close_worker_end() { channel_[1].reset(); }
    void close() { channel_[0].reset(); }

    std::uint16_t port() const { return port_; }
    // Accepts one connection (waits for it) and passes it, as kpmd does.
    void pass_connection();
    void send(channel::Type type);

    // Reads what has come; the newest message of each type and how many there were.
    void read();
    std::size_t count(channel::Type type);
    channel::ChannelMessage last(channel::Type type);
    // Reads until the condition holds; false when patience ends.
    bool wait(const std::function<bool()>& condition);
    bool wait_count(channel::Type type, std::size_t count);
    bool wait_load(std::uint64_t load);
    bool ended() const { return ended_; }
    // Connections that came back with `refused`.
    std::vector<UniqueFd> refused;
    // All messages in their order.
    std::vector<channel::ChannelMessage> messages;

private:
    std::array<UniqueFd, 2> channel_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    bool ended_ = false;
};

}  // namespace kpm::test
