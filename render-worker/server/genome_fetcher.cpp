#include "render-worker/server/genome_fetcher.h"

#include <fmt/format.h>

#include <exception>
#include <utility>

namespace kpm::render {

GenomeFetcher::~GenomeFetcher() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        waiting_.clear();
        for (CancelFlag* flag : in_work_) flag->store(true);
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void GenomeFetcher::fetch(GenomeAddress address, std::shared_ptr<CancelFlag> cancelled, Done done) {
    {
        const std::lock_guard lock(mutex_);
        if (idle_ <= waiting_.size() && threads_.size() < max_threads_)
            threads_.emplace_back([this] { work(); });
        waiting_.push_back({std::move(address), std::move(cancelled), std::move(done)});
    }
    wake_.notify_one();
}

void GenomeFetcher::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ++idle_;
        wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
        --idle_;
        if (stopping_) return;
        const Order order = std::move(waiting_.front());
        waiting_.pop_front();
        in_work_.insert(order.cancelled.get());
        lock.unlock();
        order.done(load(order));
        lock.lock();
        in_work_.erase(in_work_.find(order.cancelled.get()));
    }
}

Result<std::string> GenomeFetcher::load(const Order& order) {
    try {
        if (*order.cancelled) return Error{ErrorCode::Unavailable, "cannot fetch 'genome': cancelled"};
        return loader_.load(order.address, *order.cancelled);
    } catch (const std::exception& error) {
        return Error{ErrorCode::Io, fmt::format("cannot fetch '{}': {}", order.address.text, error.what())};
    }
}

}  // namespace kpm::render
