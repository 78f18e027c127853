#include "render-worker/cppn/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace kpm::render {

void for_each_index(std::size_t count, std::size_t threads, CancelFlag& stop,
                    const std::function<void(std::size_t)>& turn) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr thrown;
    const auto work = [&] {
        try {
            for (std::size_t index = next++; index < count && !stop; index = next++) turn(index);
        } catch (...) {
            const std::lock_guard lock(mutex);
            if (!thrown) thrown = std::current_exception();
            stop.store(true);
        }
    };
    {
        std::vector<std::jthread> helpers;
        const std::size_t wanted = std::min(threads, count);
        helpers.reserve(wanted);
        try {
            for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(work);
        } catch (const std::exception&) {
            // Neither threads nor memory for more of them: those that are there do it.
        }
        work();
    }
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace kpm::render
