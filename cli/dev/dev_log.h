#pragma once
// Log lines and restarts as kpm-dev shows them: "web-0  | line". Pure, but for the clock that the caller
// gives.

#include <cstdint>
#include <string>

#include "cli/terminal.h"
#include "ipc/client.h"

namespace kpm::cli {

class DevLog {
public:
    DevLog(bool raw, bool timestamp, const Paint& paint) : raw_(raw), timestamp_(timestamp), paint_(paint) {}

    // What an event of the bus is to be shown as; "" for one that is not.
    std::string text(const ipc::Event& event, std::int64_t now);

private:
    std::string lines(const Json& payload, bool is_error, std::int64_t now);

    bool raw_;
    bool timestamp_;
    Paint paint_;
    std::size_t width_ = 3;
};

}  // namespace kpm::cli
