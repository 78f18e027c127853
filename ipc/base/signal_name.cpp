#include "ipc/base/signal_name.h"

#include <csignal>
#include <cstring>

namespace kpm {

std::string signal_name(int number) {
    const char* name = ::sigabbrev_np(number);
    return name ? std::string("SIG") + name : std::to_string(number);
}

std::optional<int> signal_number(std::string_view name) {
    if (name.starts_with("SIG")) name.remove_prefix(3);
    for (int number = 1; number < NSIG; ++number)
        if (const char* known = ::sigabbrev_np(number); known && name == known) return number;
    return std::nullopt;
}

}  // namespace kpm
