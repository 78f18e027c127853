#pragma once
// Threads that wait for genomes, so that neither the connections nor the rendering do. They are started when
// they are needed.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "ipc/base/result.h"
#include "render-worker/server/genome_loader.h"

namespace kpm::render {

class GenomeFetcher {
public:
    using Done = std::function<void(Result<std::string>)>;

    // `loader` must outlive the fetcher.
    GenomeFetcher(GenomeLoader& loader, std::size_t max_threads)
        : loader_(loader), max_threads_(max_threads) {}
    // Cancels what is being fetched and waits for its threads. What had not begun is forgotten.
    ~GenomeFetcher();

    // From any thread. `done` is called on one of the fetcher's, also for what is cancelled; it may not
    // throw.
    void fetch(GenomeAddress address, std::shared_ptr<CancelFlag> cancelled, Done done);

private:
    struct Order {
        GenomeAddress address;
        std::shared_ptr<CancelFlag> cancelled;
        Done done;
    };

    void work();
    Result<std::string> load(const Order& order);

    GenomeLoader& loader_;
    std::size_t max_threads_;
    std::mutex mutex_;  // guards what follows
    std::condition_variable wake_;
    std::deque<Order> waiting_;
    std::unordered_multiset<CancelFlag*> in_work_;  // jobs of one client share theirs
    std::size_t idle_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace kpm::render
