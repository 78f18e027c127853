#pragma once
// A queue into a loop from any thread: a mutex and a uv_async. The three loops of kpmd talk through nothing
// else. The receiving end lives on its loop's thread; senders are copyable and may outlive it (push then
// answers false).

#include <cassert>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/uv_owned.h"

namespace kpm::io {

template <class Message>
class AsyncQueue {
    // Shared by threads whose ends die in any order.
    struct Shared {
        std::mutex mutex;
        std::vector<Message> messages;
        uv_async_t* wake = nullptr;  // null once the receiver is gone
        bool is_woken = false;       // since the last drain
        std::size_t limit = 0;       // 0 = unbounded

        // One wake-up serves all messages up to the next drain.
        void wake_up() {
            if (wake != nullptr && !std::exchange(is_woken, true)) uv_async_send(wake);
        }
    };

    // Alive while its callback runs, even if the queue dies in it.
    struct Receiver {
        std::shared_ptr<Shared> shared;
        std::function<void(Message)> on_message;
    };

public:
    class Sender {
    public:
        Sender() = default;

        // False: the receiver is gone, or the queue is full; the message is dropped.
        bool push(Message message) const { return push(std::move(message), true); }
        // For the first of several: the receiver sleeps on until wake(), or the next push(). A thread that is
        // woken for each takes the processor from who has more to say.
        bool push_asleep(Message message) const { return push(std::move(message), false); }
        void wake() const {
            if (!shared_) return;
            const std::lock_guard lock(shared_->mutex);
            if (!shared_->messages.empty()) shared_->wake_up();
        }

    private:
        bool push(Message message, bool wakes) const {
            if (!shared_) return false;
            const std::lock_guard lock(shared_->mutex);
            if (shared_->wake == nullptr) return false;
            if (shared_->limit != 0 && shared_->messages.size() >= shared_->limit) return false;
            shared_->messages.push_back(std::move(message));
            if (wakes) shared_->wake_up();
            return true;
        }

        friend class AsyncQueue;
        explicit Sender(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
        std::shared_ptr<Shared> shared_;
    };

    // Messages come in the order of their pushes, on the loop's thread. `limit` messages may wait (0 = any
    // number).
    AsyncQueue(Loop& loop, std::function<void(Message)> on_message, std::size_t limit = 0);
    ~AsyncQueue();
    AsyncQueue(const AsyncQueue&) = delete;
    AsyncQueue& operator=(const AsyncQueue&) = delete;

    Sender sender() const { return Sender(receiver_->shared); }

private:
    static void drain(const std::shared_ptr<Receiver>& receiver);

    struct Box {
        uv_async_t handle;
        std::shared_ptr<Receiver> receiver;
    };
    std::shared_ptr<Receiver> receiver_;
    UvOwned<Box> box_;
};

template <class Message>
AsyncQueue<Message>::AsyncQueue(Loop& loop, std::function<void(Message)> on_message, std::size_t limit)
    : receiver_(std::make_shared<Receiver>(Receiver{std::make_shared<Shared>(), std::move(on_message)})) {
    auto box = std::make_unique<Box>();
    box->receiver = receiver_;
    const int status = uv_async_init(loop.raw(), &box->handle, [](uv_async_t* handle) noexcept {
        const std::shared_ptr<Receiver> receiver = static_cast<Box*>(handle->data)->receiver;
        drain(receiver);
    });
    assert(status == 0);  // fails only without memory or descriptors, at start-up
    static_cast<void>(status);
    box_ = own(std::move(box));
    receiver_->shared->limit = limit;
    receiver_->shared->wake = &box_->handle;
}

template <class Message>
AsyncQueue<Message>::~AsyncQueue() {
    const std::lock_guard lock(receiver_->shared->mutex);
    receiver_->shared->wake = nullptr;
}

template <class Message>
void AsyncQueue<Message>::drain(const std::shared_ptr<Receiver>& receiver) {
    Shared& shared = *receiver->shared;
    std::vector<Message> batch;
    {
        const std::lock_guard lock(shared.mutex);
        batch.swap(shared.messages);
        shared.is_woken = false;
    }
    for (Message& message : batch) {
        {
            const std::lock_guard lock(shared.mutex);
            if (shared.wake == nullptr) return;
        }
        receiver->on_message(std::move(message));
    }
}

}  // namespace kpm::io
