#pragma once
// Constant load on an HTTP server on loopback: clients in threads that ask without pause and count every
// request that failed: no answer, another status than 200, a connection that was refused or cut. A connection
// that the server has announced to end (`Connection: close`) is replaced by another one.

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kpm::test {

struct HttpLoadFigures {
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::vector<std::string> reasons;             // of the first failures
    std::map<std::string, std::uint64_t> bodies;  // answers by what they said
};

class HttpLoad {
public:
    // `fresh` clients open a connection for each request, `keep_alive` clients keep theirs as long as they
    // may.
    HttpLoad(std::uint16_t port, int fresh, int keep_alive, std::string target = "/");
    ~HttpLoad();
    HttpLoadFigures figures() const;
    // Ends the load after the requests that are on their way.
    HttpLoadFigures stop();
    // Until so many more requests have been answered; false: not in half a minute.
    bool wait_for(std::uint64_t more) const;

private:
    void ask(bool keeps);

    std::uint16_t port_;
    std::string target_;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    HttpLoadFigures figures_;
    std::vector<std::thread> threads_;
};

}  // namespace kpm::test
