#pragma once
// Clients of a server in threads of their own, that ask without pause and count what failed: what the loads
// of the tests (http_load, render_load) have in common. Requests are counted when they are answered, or have
// failed.

#include <atomic>
#include <cstdint>
#include <functional>
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

class ClientThreads {
public:
    ClientThreads() = default;
    ~ClientThreads() { stop(); }
    ClientThreads(const ClientThreads&) = delete;
    ClientThreads& operator=(const ClientThreads&) = delete;

    // `client` returns soon after is_stopping() has become true.
    void add(std::function<void()> client) { threads_.emplace_back(std::move(client)); }
    bool is_stopping() const { return stopping_; }
    void count(bool is_good, const std::string& reason);

    LoadFigures figures() const;
    // Ends the load after the requests that are on their way.
    LoadFigures stop();
    // Until so many more requests have been counted; false: not in half a minute.
    bool wait_for(std::uint64_t more) const;

private:
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    LoadFigures figures_;
    std::vector<std::thread> threads_;
};

}  // namespace kpm::test
