#pragma once
// Constant load on an HTTP server on loopback: clients that ask without pause and count every request that
// failed: no answer, another status than 200, a connection that was refused or cut. A connection that the
// server has announced to end (`Connection: close`) is replaced by another one.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "tests/support/client_threads.h"

namespace kpm::test {

struct HttpLoadFigures : LoadFigures {
    std::map<std::string, std::uint64_t> bodies;  // answers by what they said
};

class HttpLoad {
public:
    // `fresh` clients open a connection for each request, `keep_alive` clients keep theirs as long as they
    // may.
    HttpLoad(std::uint16_t port, int fresh, int keep_alive, std::string target = "/");
    HttpLoadFigures figures() const;
    HttpLoadFigures stop();
    bool wait_for(std::uint64_t more) const { return clients_.wait_for(more); }

private:
    void ask(bool keeps);

    std::uint16_t port_;
    std::string target_;
    mutable std::mutex mutex_;
    std::map<std::string, std::uint64_t> bodies_;
    ClientThreads clients_;  // last: they use the rest
};

}  // namespace kpm::test
