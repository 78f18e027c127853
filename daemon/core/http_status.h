#pragma once
// The status of an HTTP response, out of its first bytes, in any pieces. Bounded: a server that says
// something else, or without end, is found out after kMost bytes. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::core {

class HttpStatusReader {
public:
    static constexpr std::size_t kMost = 16384;  // with interim responses (103), which are passed over

    // nullopt: not there yet. 101, or 200 to 599; an error says what came instead, and nothing may be fed
    // after it.
    Result<std::optional<int>> feed(std::string_view bytes);
    // The server has closed the connection before.
    Error ended() const;

private:
    Result<std::optional<int>> take_line();

    std::string line_;
    std::size_t seen_ = 0;
    bool is_interim_ = false;  // in the headers of one
};

}  // namespace kpm::core
