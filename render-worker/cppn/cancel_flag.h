#pragma once
// How work is called off, and how it shows that it goes on: whoever no longer wants the result (the client
// left, the worker stops, the time is up) sets the flag; who is at work asks it once per chunk (256 samples
// of a network, 128 frames of the audio graph, a second on a GPU), and each question is a sign of life. From
// any thread.

#include <atomic>
#include <cstdint>

namespace kpm::render {

class CancelFlag {
public:
    CancelFlag(bool set) : set_(set) {}
    // For a part of a work: it is called off, too, when all of it is, and its questions are put to both.
    // `whole` must outlive this.
    explicit CancelFlag(const CancelFlag* whole) : set_(false), whole_(whole) {}

    bool load() const {
        questions_.fetch_add(1, std::memory_order_relaxed);
        return set_ || (whole_ != nullptr && whole_->load());
    }
    operator bool() const { return load(); }
    void store(bool set) { set_ = set; }
    bool exchange(bool set) { return set_.exchange(set); }
    // How often it has been asked.
    std::uint64_t questions() const { return questions_.load(std::memory_order_relaxed); }

private:
    std::atomic<bool> set_;
    mutable std::atomic<std::uint64_t> questions_ = 0;
    const CancelFlag* whole_ = nullptr;
};

}  // namespace kpm::render
