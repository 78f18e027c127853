#pragma once
// Where a probe goes to, out of what the configuration says. Pure; names are not looked up: a host is an IP
// address or localhost.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/base/result.h"

namespace kpm::ecosystem {

struct ProbeAddress {
    std::vector<std::string> hosts;  // IP addresses, the next one when a port is closed; none: a Unix socket
    std::uint16_t port = 0;
    std::string socket;        // its path
    std::string host_header;   // http: "127.0.0.1:3000", "localhost"
    std::string target = "/";  // http: path and query

    bool operator==(const ProbeAddress&) const = default;
};

// "http://HOST[:PORT][/PATH]", "unix:/SOCKET[:/PATH]". The errors name what is wrong, not the text.
Result<ProbeAddress> parse_http_address(std::string_view text);
// "HOST:PORT", "unix:/SOCKET"; ":PORT" and "PORT" are those of 127.0.0.1.
Result<ProbeAddress> parse_tcp_address(std::string_view text);
// What can be said before the variables are known.
Result<void> check_http_address(std::string_view text);
Result<void> check_tcp_address(std::string_view text);

// The value of a variable, null: it is not set.
using VariableLookup = std::function<std::optional<std::string>(std::string_view name)>;
// $NAME and ${NAME} become values. NotFound: "variable PORT is not set".
Result<std::string> substitute(std::string_view text, const VariableLookup& variables);
bool has_variables(std::string_view text);

}  // namespace kpm::ecosystem
