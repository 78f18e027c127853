#pragma once
// Constant load on a render service. A request fails when it gets no answer or a wrong one; a connection that
// the server closed in good order (WebSocket close 1001, HTTP `Connection: close`) before the client sent
// anything on it is no failure: the client opens another.

#include <cstdint>
#include <string>

#include "tests/support/client_threads.h"

namespace kpm::test {

class RenderLoad {
public:
    // `sockets` WebSocket clients that render `genome` (JSON text) for `duration` seconds at 16 kHz, several
    // requests per connection, and `pages` HTTP keep-alive clients on /health.
    RenderLoad(std::uint16_t port, std::string genome, int sockets, int pages, double duration = 0.05);
    LoadFigures figures() const { return clients_.figures(); }
    LoadFigures stop() { return clients_.stop(); }

private:
    void render();
    void visit();

    std::uint16_t port_;
    std::string request_;
    std::size_t expected_bytes_;
    ClientThreads clients_;  // last: they use the rest
};

}  // namespace kpm::test
