#pragma once
// Signals as events of a loop. Several Signals for one number all hear it.

#include <functional>
#include <initializer_list>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/uv_owned.h"

namespace kpm::io {

class Signals {
public:
    Signals(Loop& loop, std::initializer_list<int> numbers, std::function<void(int number)> on_signal);

private:
    struct Box {
        uv_signal_t handle;
        std::function<void(int)> on_signal;
    };
    std::vector<UvOwned<Box>> boxes_;
};

}  // namespace kpm::io
