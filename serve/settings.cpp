#include "serve/settings.h"

#include <fmt/format.h>

#include <charconv>

namespace kpm::serve {
namespace {

Result<std::uint16_t> port_of(const std::string& text) {
    std::uint16_t port = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot listen on '{}': not a port, they are 0 to 65535", text)};
    return port;
}

}  // namespace

Result<Settings> read_settings(std::span<const std::string> words, const Variables& variable) {
    const auto text = [&](const char* name, std::string otherwise) {
        auto value = variable(name);
        return value && !value->empty() ? *std::move(value) : std::move(otherwise);
    };
    const auto is_on = [&](const char* name) {
        const std::string value = text(name, "");
        return value == "true" || value == "1";
    };
    Settings settings;
    settings.folder = text("PM2_SERVE_PATH", words.empty() ? settings.folder : words[0]);
    settings.host = text("PM2_SERVE_HOST", settings.host);
    settings.homepage = text("PM2_SERVE_HOMEPAGE", settings.homepage);
    while (settings.homepage.starts_with('/')) settings.homepage.erase(0, 1);
    settings.single_page = is_on("PM2_SERVE_SPA");
    settings.listings = is_on("PM2_SERVE_FTP");
    settings.hidden_files = is_on("PM2_SERVE_DOTFILES");
    const auto port = port_of(text("PM2_SERVE_PORT", words.size() > 1 ? words[1] : "8080"));
    if (!port) return port.error();
    settings.port = *port;
    if (!is_on("PM2_SERVE_BASIC_AUTH")) return settings;
    settings.user = text("PM2_SERVE_BASIC_AUTH_USERNAME", "");
    settings.password = text("PM2_SERVE_BASIC_AUTH_PASSWORD", "");
    // To serve to everybody what was meant to be protected would be the worst answer to half a setting.
    if (settings.user.empty() || settings.password.empty())
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot protect '{}': basic authentication needs a user name and a password",
                                 settings.folder)};
    return settings;
}

}  // namespace kpm::serve
