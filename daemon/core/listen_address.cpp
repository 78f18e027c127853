#include "daemon/core/listen_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "ipc/base/text.h"

namespace kpm::core {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr std::size_t kMaxUnixPath = 107;  // sun_path less its NUL

Error refuse(std::string_view text, std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot listen on '{}': {}", text, reason)};
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (!is_number(text) || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

bool is_ipv4(std::string_view text) {
    const auto parts = split(text, '.');
    if (parts.size() != 4) return false;
    for (const std::string_view part : parts) {
        std::uint8_t octet = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), octet);
        if (!is_number(part) || error != std::errc{} || end != part.data() + part.size()) return false;
    }
    return true;
}

// Only the characters: inet_pton has the last word where the socket is made.
bool looks_like_ipv6(std::string_view text) {
    const std::string_view literal = text.substr(0, text.find('%'));  // fe80::1%eth0
    return literal.find(':') != std::string_view::npos &&
           literal.find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
}

Result<ListenAddress> parse_place(std::string_view text) {
    using Kind = ListenAddress::Kind;
    std::string_view path = text;
    if (path.starts_with(kUnixPrefix)) path.remove_prefix(kUnixPrefix.size());
    if (path.starts_with('/')) {
        if (path.size() > kMaxUnixPath)
            return refuse(text, fmt::format("the path is longer than {} bytes", kMaxUnixPath));
        return ListenAddress{.kind = Kind::Unix, .host = {}, .port = 0, .path = std::string(path)};
    }
    if (path.size() != text.size()) return refuse(text, "the path after 'unix:' is not absolute");

    const std::size_t colon = text.rfind(':');
    const std::string_view port_text = colon == std::string_view::npos ? text : text.substr(colon + 1);
    const auto port = parse_port(port_text);
    if (!port) return refuse(text, fmt::format("'{}' is not a port (0 to 65535)", port_text));

    std::string_view host = colon == std::string_view::npos ? "*" : text.substr(0, colon);
    if (host.empty() || host == "*")
        return ListenAddress{.kind = Kind::Any, .host = {}, .port = *port, .path = {}};
    if (host == "localhost") host = "127.0.0.1";
    if (is_ipv4(host))
        return ListenAddress{.kind = Kind::Ipv4, .host = std::string(host), .port = *port, .path = {}};
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (looks_like_ipv6(host))
            return ListenAddress{.kind = Kind::Ipv6, .host = std::string(host), .port = *port, .path = {}};
    }
    return refuse(text,
                  "the host is neither '*', 'localhost', an IPv4 address nor an IPv6 address in brackets");
}

// As LISTEN_FDNAMES wants it: printable, without the colon that separates the names.
bool is_descriptor_name(std::string_view text) {
    return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char letter) {
        return letter > ' ' && letter < '\x7f' && letter != ':';
    });
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
    Number number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// nullopt: taken; otherwise what is wrong with it.
std::optional<std::string> take_option(ListenAddress& address, std::string_view option) {
    constexpr unsigned kAllRights = 0777;
    const std::size_t equals = option.find('=');
    const std::string_view key = option.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : option.substr(equals + 1);
    if (key == "backlog") {
        address.backlog = parse_number<int>(value, 10);
        if (address.backlog && *address.backlog > 0) return std::nullopt;
        return fmt::format("backlog '{}' is not a number above 0", value);
    }
    if (key == "name") {
        address.name = value;
        if (is_descriptor_name(value)) return std::nullopt;
        return fmt::format("'{}' is no name for a descriptor", value);
    }
    if (key != "mode" && key != "user" && key != "group") return fmt::format("unknown option '{}'", key);
    if (address.kind != ListenAddress::Kind::Unix) return fmt::format("'{}' is for socket files", key);
    if (key == "mode") {
        address.mode = parse_number<unsigned>(value, 8);
        if (address.mode && *address.mode <= kAllRights) return std::nullopt;
        return fmt::format("mode '{}' is not an octal number up to 777", value);
    }
    (key == "user" ? address.user : address.group) = value;
    if (!value.empty()) return std::nullopt;
    return fmt::format("'{}' is empty", key);
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
    const std::size_t mark = text.find('?');
    auto address = parse_place(text.substr(0, mark));
    if (!address || mark == std::string_view::npos) return address;
    for (const std::string_view option : split(text.substr(mark + 1), '&'))
        if (const auto wrong = take_option(*address, option)) return refuse(text, *wrong);
    return address;
}

std::string to_text(const ListenAddress& address) {
    switch (address.kind) {
        case ListenAddress::Kind::Any:
            return fmt::format("*:{}", address.port);
        case ListenAddress::Kind::Ipv4:
            return fmt::format("{}:{}", address.host, address.port);
        case ListenAddress::Kind::Ipv6:
            return fmt::format("[{}]:{}", address.host, address.port);
        case ListenAddress::Kind::Unix:
            return fmt::format("unix:{}", address.path);
    }
    return {};
}

}  // namespace kpm::core
