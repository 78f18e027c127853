#pragma once
// A loop on a thread of its own that obeys commands of the thread that made it. `State` is what lives on the
// loop: it has an execute() for each alternative of `Command` (a std::variant), and finish(), the last thing
// called on the loop.

#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "daemon/io/async_queue.h"
#include "daemon/io/loop.h"

namespace kpm::io {

template <class State, class Command>
class LoopThread {
public:
    // Makes State(loop, args...) before the thread begins; only the thread touches it from then on.
    template <class... Args>
    explicit LoopThread(Args&&... args)
        : state_(loop_, std::forward<Args>(args)...),
          commands_(loop_, [this](std::optional<Command> command) { execute(std::move(command)); }),
          sender_(commands_.sender()),
          thread_([this] { loop_.run(); }) {}

    // Waits until what has been sent is done.
    ~LoopThread() {
        sender_.push(std::nullopt);
        thread_.join();
    }

    void send(Command command) { sender_.push(std::move(command)); }
    // The thread is told with the next send(), or by wake().
    void send_asleep(Command command) { sender_.push_asleep(std::move(command)); }
    void wake() { sender_.wake(); }

private:
    void execute(std::optional<Command> command) {
        if (command) return std::visit([this](auto& one) { state_.execute(one); }, *command);
        state_.finish();
        loop_.stop();
    }

    Loop loop_;
    State state_;
    AsyncQueue<std::optional<Command>> commands_;
    typename AsyncQueue<std::optional<Command>>::Sender sender_;
    std::thread thread_;
};

}  // namespace kpm::io
