#include "serve/basic_auth.h"

#include "ipc/base/text.h"

namespace kpm::serve {
namespace {

constexpr std::string_view kScheme = "basic ";

bool is_equal(std::string_view secret, std::string_view given) {
    // The length of the given value decides how long this takes, never the secret's bytes.
    unsigned difference = secret.size() == given.size() ? 0 : 1;
    for (std::size_t i = 0; i < given.size(); ++i) {
        const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
        difference |= static_cast<unsigned char>(expected) ^ static_cast<unsigned char>(given[i]);
    }
    return difference == 0;
}

}  // namespace

std::string base64(std::string_view bytes) {
    static constexpr std::string_view kLetters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        unsigned group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kLetters[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

BasicAuth::BasicAuth(std::string_view user, std::string_view password)
    : token_(base64(std::string(user).append(":").append(password))) {}

bool BasicAuth::accepts(std::string_view header) const {
    if (lower(header.substr(0, kScheme.size())) != kScheme) return false;
    return is_equal(token_, trim(header.substr(kScheme.size())));
}

}  // namespace kpm::serve
