#include "tests/support/client_threads.h"

#include "tests/support/eventually.h"

namespace kpm::test {
namespace {

constexpr std::size_t kMostReasons = 20;

}  // namespace

void ClientThreads::count(bool is_good, const std::string& reason) {
    const std::lock_guard lock(mutex_);
    ++figures_.requests;
    if (is_good) return;
    ++figures_.failures;
    if (figures_.reasons.size() < kMostReasons) figures_.reasons.push_back(reason);
}

LoadFigures ClientThreads::figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
}

LoadFigures ClientThreads::stop() {
    stopping_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return figures();
}

bool ClientThreads::wait_for(std::uint64_t more) const {
    const auto wanted = figures().requests + more;
    return eventually([&] { return figures().requests >= wanted; });
}

}  // namespace kpm::test
