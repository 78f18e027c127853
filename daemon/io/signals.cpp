#include "daemon/io/signals.h"

#include <cassert>
#include <memory>
#include <utility>

namespace kpm::io {

Signals::Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> on_signal) {
    for (const int number : numbers) {
        auto box = std::make_unique<Box>();
        box->on_signal = on_signal;
        uv_signal_init(loop.raw(), &box->handle);
        UvOwned<Box> owned = own(std::move(box));
        const int status = uv_signal_start(
            &owned->handle,
            [](uv_signal_t* handle, int received) noexcept {
                static_cast<Box*>(handle->data)->on_signal(received);
            },
            number);
        assert(status == 0);  // only SIGKILL, SIGSTOP and numbers that are none are refused
        static_cast<void>(status);
        boxes_.push_back(std::move(owned));
    }
}

}  // namespace kpm::io
