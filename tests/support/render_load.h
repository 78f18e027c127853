#pragma once
// Constant load on a render service: clients in threads that ask without pause and count what failed. A
// request fails when it gets no answer or a wrong one; a connection that the server closed in good order
// (WebSocket close 1001, HTTP `Connection: close`) before the client sent anything on it is no failure: the
// client opens another.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kpm::test {

struct LoadFigures {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::vector<std::string> reasons;  // of the first failures
};

class RenderLoad {
public:
    // `sockets` WebSocket clients that render `genome` (JSON text) for `duration` seconds at 16 kHz, several
    // requests per connection, and `pages` HTTP keep-alive clients on /health.
    RenderLoad(std::uint16_t port, std::string genome, int sockets, int pages, double duration = 0.05);
    ~RenderLoad();
    LoadFigures figures() const;
    // Ends the load after the requests that are on their way.
    LoadFigures stop();

private:
    void render();
    void visit();
    void count(bool ok, const std::string& reason);

    std::uint16_t port_;
    std::string request_;
    std::size_t expected_bytes_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    LoadFigures figures_;
    std::vector<std::thread> threads_;
};

}  // namespace kpm::test
