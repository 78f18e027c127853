#include "daemon/core/activation.h"

#include <fmt/format.h>

#include "daemon/core/listen_address.h"

namespace kpm::core {
namespace {

// The names are separated by colons.
std::string clean_name(std::string_view text) {
    std::string name;
    for (const char letter : text) name += letter > ' ' && letter < '\x7f' && letter != ':' ? letter : '_';
    return name;
}

// As php-fpm's `listen` has it: it looks for the very text.
std::string fpm_address(const std::string& text) {
    const auto address = parse_listen_address(text);
    if (!address) return text;
    if (address->kind == ListenAddress::Kind::Unix) return address->path;
    if (address->kind == ListenAddress::Kind::Any) return fmt::format("0.0.0.0:{}", address->port);
    return to_text(*address);
}

}  // namespace

std::vector<std::string> activation_variables(std::string_view program, std::string_view app,
                                              std::span<const std::string> listen, int first) {
    const std::string_view base = program.substr(program.find_last_of('/') + 1);  // npos + 1 is 0
    std::string names, nginx, fpm;
    for (std::size_t i = 0; i < listen.size(); ++i) {
        const auto address = parse_listen_address(listen[i]);
        const bool is_named = address && !address->name.empty();
        const int fd = first + static_cast<int>(i);
        names += (i > 0 ? ":" : "") + (is_named ? address->name : clean_name(app));
        nginx += fmt::format("{};", fd);
        fpm += fmt::format("{}{}={}", i > 0 ? "," : "", fpm_address(listen[i]), fd);
    }
    std::vector<std::string> lines{fmt::format("LISTEN_FDS={}", listen.size()), "LISTEN_FDNAMES=" + names,
                                   "LISTEN_PID="};
    if (base == "nginx") lines.push_back("NGINX=" + nginx);
    if (base.starts_with("php-fpm")) lines.push_back("FPM_SOCKETS=" + fpm);
    return lines;
}

}  // namespace kpm::core
