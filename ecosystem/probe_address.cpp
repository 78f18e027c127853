#include "ecosystem/probe_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace kpm::ecosystem {
namespace {

constexpr std::string_view kUnix = "unix:", kHttp = "http://", kTcp = "tcp://", kHttps = "https://";
constexpr std::size_t kLongestTarget = 2048, kLongestSocket = sizeof(sockaddr_un::sun_path) - 1;

Error wrong(std::string text) {
    return {ErrorCode::Invalid, std::move(text)};
}

bool is_name_start(char c) {
    return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_name_part(char c) {
    return is_name_start(c) || (c >= '0' && c <= '9');
}

// The variable that begins at the dollar `at`: its name, and what stands for it in the text; nullopt: none.
struct Reference {
    std::string_view name;
    std::size_t size = 0;
};
std::optional<Reference> reference_at(std::string_view text, std::size_t at) {
    const std::string_view rest = text.substr(at + 1);
    const bool has_braces = rest.starts_with('{');
    const std::string_view begin = rest.substr(has_braces ? 1 : 0);
    if (begin.empty() || !is_name_start(begin.front())) return std::nullopt;
    const auto end = std::ranges::find_if_not(begin, is_name_part);
    const std::string_view name(begin.begin(), end);
    if (!has_braces) return Reference{name, name.size() + 1};
    if (name.size() == begin.size() || begin[name.size()] != '}') return std::nullopt;
    return Reference{name, name.size() + 3};
}

// "127.0.0.1" -> itself; both of localhost, because a server may listen on one of them alone.
Result<std::vector<std::string>> addresses_of(std::string_view host) {
    const std::string text(host);
    unsigned char ignored[sizeof(in6_addr)];
    if (text == "localhost") return std::vector<std::string>{"127.0.0.1", "::1"};
    if (::inet_pton(AF_INET, text.c_str(), ignored) == 1 || ::inet_pton(AF_INET6, text.c_str(), ignored) == 1)
        return std::vector{text};
    return wrong(fmt::format("expected an IP address or localhost, found host \"{}\"", text));
}

Result<std::uint16_t> port_of(std::string_view text) {
    unsigned port = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || end != text.data() + text.size() ||
        (failure != std::errc{} && failure != std::errc::result_out_of_range))
        return wrong(fmt::format("expected a port number, found \"{}\"", text));
    if (failure != std::errc{} || port == 0 || port > 65535)
        return wrong(fmt::format("expected a port from 1 to 65535, found {}", text));
    return static_cast<std::uint16_t>(port);
}

struct HostAndPort {
    std::string_view host, port;  // the port is empty where there is none
    bool has_port = false;
};
Result<HostAndPort> split_authority(std::string_view text) {
    HostAndPort result;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) return wrong("expected ']' behind an IPv6 address");
        result.host = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
        if (!text.empty() && !text.starts_with(':')) return wrong("expected ':' behind ']'");
    } else {
        result.host = text.substr(0, text.find(':'));
        text.remove_prefix(result.host.size());
        if (text.find(':', 1) != std::string_view::npos) return wrong("expected an IPv6 address in brackets");
    }
    result.has_port = !text.empty();
    if (result.has_port) result.port = text.substr(1);
    return result;
}

// What is sent as it is: no blank, no control character.
Result<std::string> target_of(std::string_view text) {
    if (text.empty()) return std::string("/");
    if (text.size() > kLongestTarget)
        return wrong(fmt::format("expected a path of at most {} characters", kLongestTarget));
    if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; }))
        return wrong("expected a path without blanks and special characters, %20 stands for one");
    return text.starts_with('?') ? "/" + std::string(text) : std::string(text);
}

Result<std::string> socket_of(std::string_view text) {
    if (!text.starts_with('/') || text.find('\0') != std::string_view::npos)
        return wrong("expected an absolute path behind unix:");
    if (text.size() > kLongestSocket)
        return wrong(fmt::format("expected a socket's path of at most {} characters", kLongestSocket));
    return std::string(text);
}

// As nginx has it: the path of the socket ends at a colon.
Result<ProbeAddress> http_over_unix(std::string_view text) {
    const std::size_t colon = text.find(':');
    ProbeAddress address;
    auto socket = socket_of(text.substr(0, colon));
    if (!socket) return socket.error();
    auto target = target_of(colon == std::string_view::npos ? "" : text.substr(colon + 1));
    if (!target) return target.error();
    if (!target->starts_with('/')) return wrong("expected a path that begins with / behind the socket");
    address.socket = *std::move(socket);
    address.target = *std::move(target);
    address.host_header = "localhost";
    return address;
}

// With stand-ins for the variables, so that what lies around them can be checked: the first may be a host.
template <class Parse>
Result<void> check(std::string_view text, Parse parse) {
    if (text.find('\0') != std::string_view::npos) return wrong("expected a text without NUL");
    const auto parse_with = [&](std::string_view first) {
        const auto result = substitute(text, [&](std::string_view) -> std::optional<std::string> {
            return std::string(std::exchange(first, "1"));
        });
        return parse(*result);
    };
    const bool is_open = text.starts_with('$') || text.find("unix:$") != std::string_view::npos;
    const auto parsed = parse_with("1");
    if (parsed || (has_variables(text) && (is_open || parse_with("127.0.0.1")))) return {};
    return parsed.error();
}

}  // namespace

Result<ProbeAddress> parse_http_address(std::string_view text) {
    if (text.starts_with(kHttps)) return wrong("https is not supported, use http or tcp");
    const bool has_scheme = text.starts_with(kHttp);
    if (has_scheme) text.remove_prefix(kHttp.size());
    if (text.starts_with(kUnix)) return http_over_unix(text.substr(kUnix.size()));
    if (!has_scheme) return wrong("expected http://HOST:PORT/PATH, unix:/SOCKET:/PATH or a path");
    const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
    const auto parts = split_authority(authority);
    if (!parts) return parts.error();
    auto hosts = addresses_of(parts->host);
    if (!hosts) return hosts.error();
    const auto port = parts->has_port ? port_of(parts->port) : Result<std::uint16_t>(80);
    if (!port) return port.error();
    auto target = target_of(text.substr(authority.size(), text.find('#') - authority.size()));
    if (!target) return target.error();
    ProbeAddress address;
    address.hosts = *std::move(hosts);
    address.port = *port;
    address.host_header = std::string(authority);
    address.target = *std::move(target);
    return address;
}

Result<ProbeAddress> parse_tcp_address(std::string_view text) {
    ProbeAddress address;
    if (text.starts_with(kTcp)) text.remove_prefix(kTcp.size());
    if (text.starts_with(kUnix)) {
        auto socket = socket_of(text.substr(kUnix.size()));
        if (!socket) return socket.error();
        address.socket = *std::move(socket);
        return address;
    }
    const bool is_port = text.find_first_of(":[]") == std::string_view::npos;
    const auto parts = is_port ? Result<HostAndPort>(HostAndPort{"", text, true}) : split_authority(text);
    if (!parts) return parts.error();
    if (!parts->has_port) return wrong("expected HOST:PORT");
    auto hosts = addresses_of(parts->host.empty() ? "127.0.0.1" : parts->host);
    if (!hosts) return hosts.error();
    const auto port = port_of(parts->port);
    if (!port) return port.error();
    address.hosts = *std::move(hosts);
    address.port = *port;
    return address;
}

Result<void> check_http_address(std::string_view text) {
    return check(text, parse_http_address);
}

Result<void> check_tcp_address(std::string_view text) {
    return check(text, parse_tcp_address);
}

Result<std::string> substitute(std::string_view text, const VariableLookup& variables) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto reference = text[at] == '$' ? reference_at(text, at) : std::nullopt;
        if (!reference) {
            result += text[at];
            continue;
        }
        const auto value = variables(reference->name);
        if (!value) return Error{ErrorCode::NotFound, fmt::format("variable {} is not set", reference->name)};
        result += *value;
        at += reference->size - 1;
    }
    return result;
}

bool has_variables(std::string_view text) {
    for (std::size_t at = 0; (at = text.find('$', at)) != std::string_view::npos; ++at)
        if (reference_at(text, at)) return true;
    return false;
}

}  // namespace kpm::ecosystem
