#include "render-worker/server/genome_address.h"

#include <fmt/format.h>

namespace kpm::render {
namespace {

constexpr std::string_view kServerOfClients = "http://127.0.0.1:3004";
constexpr std::string_view kServerOfRuns = "http://127.0.0.1:4004";

std::string_view without_slash(std::string_view server) {
    while (server.ends_with('/')) server.remove_suffix(1);
    return server;
}

// RFC 3986, section 2.3; all but ASCII's unreserved characters are quoted.
std::string quoted(std::string_view segment) {
    constexpr std::string_view kUnreserved =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string result;
    for (const char c : segment)
        if (kUnreserved.find(c) != std::string_view::npos)
            result += c;
        else
            result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return result;
}

}  // namespace

std::string as_seen_from_here(std::string_view url, std::string_view server) {
    for (const std::string_view prefix : {kServerOfClients, std::string_view("http://localhost:3004")}) {
        if (!url.starts_with(prefix)) continue;
        const std::string_view rest = url.substr(prefix.size());
        if (!rest.empty() && rest[0] != '/' && rest[0] != '?') continue;  // another port, 30040
        return fmt::format("{}{}", server.empty() ? kServerOfClients : without_slash(server), rest);
    }
    return std::string(url);
}

std::string genome_url(std::string_view server, std::string_view run, std::string_view genome) {
    return fmt::format("{}/evoruns/{}/genome/{}?format=raw",
                       server.empty() ? kServerOfRuns : without_slash(server), quoted(run), quoted(genome));
}

}  // namespace kpm::render
