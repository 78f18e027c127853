#include "serve/target_path.h"

#include <fmt/format.h>

#include <vector>

#include "ipc/base/text.h"

namespace kpm::serve {
namespace {

constexpr std::string_view kWellKnown = ".well-known";

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

Error refused(std::string_view target, std::string_view reason, ErrorCode code = ErrorCode::Invalid) {
    return {code, fmt::format("cannot serve '{}': {}", target.substr(0, 200), reason)};
}

Result<std::string> decode(std::string_view text, std::string_view target) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0) return refused(target, "broken escape");
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') return refused(target, "NUL in the path");
        decoded += c;
    }
    return decoded;
}

// "http://host/path", which a proxy is asked by -> "/path".
std::string_view without_authority(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const std::size_t end = target.find_first_of("/?#", scheme.size());
        if (end == std::string_view::npos) return "/";
        return target.substr(end);
    }
    return target;
}

}  // namespace

bool TargetPath::is_hidden() const {
    for (const std::string_view part : split(path, '/')) {
        if (part.starts_with('.') && part != kWellKnown) return true;
    }
    return false;
}

std::string_view TargetPath::last_part() const {
    return std::string_view(path).substr(path.find_last_of('/') + 1);
}

Result<TargetPath> parse_target(std::string_view target) {
    const std::string_view local = without_authority(target);
    const std::string_view whole = local.substr(0, local.find('#'));
    const std::size_t question = std::min(whole.find('?'), whole.size());
    if (!whole.starts_with('/')) return refused(target, "not a path");
    const auto decoded = decode(whole.substr(0, question), target);
    if (!decoded) return decoded.error();

    TargetPath result;
    result.query = whole.substr(question);
    std::vector<std::string_view> kept;
    const auto parts = split(*decoded, '/');
    for (const std::string_view part : parts) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            kept.push_back(part);
        } else if (kept.empty()) {
            return refused(target, "outside of the served folder", ErrorCode::Denied);
        } else {
            kept.pop_back();
        }
    }
    for (const std::string_view part : kept) {
        if (!result.path.empty()) result.path += '/';
        result.path += part;
    }
    const std::string_view last = parts.back();
    result.names_folder = last.empty() || last == "." || last == "..";
    return result;
}

std::string encode_path(std::string_view path) {
    static constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    std::string encoded;
    for (const char c : path) {
        if (kPlain.find(c) != std::string_view::npos)
            encoded += c;
        else
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

}  // namespace kpm::serve
