#pragma once
// An address to listen on, as configuration writes it: "3000" and "*:3000" (every interface, IPv6 and IPv4),
// "127.0.0.1:3000", "localhost:3000", "[::1]:3000", "unix:/run/app.sock" and "/run/app.sock". Names other
// than localhost are refused: a listener must not hang on a name server. Behind a question mark stand
// options: "3000?backlog=128&name=http", "/run/app.sock?mode=660&user=www&group=www". Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::core {

struct ListenAddress {
    enum class Kind { Any, Ipv4, Ipv6, Unix };
    Kind kind = Kind::Any;
    std::string host;        // a literal, without brackets; empty for Any and Unix
    std::uint16_t port = 0;  // 0: the kernel chooses one
    std::string path;        // Unix only; absolute
    std::optional<int> backlog = {};
    std::string name = {};  // what the app finds in LISTEN_FDNAMES
    // Unix only: the rights on the socket file.
    std::optional<unsigned> mode = {};
    std::string user = {}, group = {};  // names or numbers

    bool operator==(const ListenAddress&) const = default;
};

Result<ListenAddress> parse_listen_address(std::string_view text);
// The form that parse_listen_address reads, without options; "*:3000" for every interface.
std::string to_text(const ListenAddress& address);

}  // namespace kpm::core
