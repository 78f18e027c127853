#pragma once
// Basic authentication (RFC 7617) against one user. Pure.

#include <string>
#include <string_view>

namespace kpm::serve {

class BasicAuth {
public:
    BasicAuth(std::string_view user, std::string_view password);

    // `header` is the value of Authorization. Takes the same time wherever a wrong value differs.
    bool accepts(std::string_view header) const;

private:
    std::string token_;  // base64 of user:password: what a client sends
};

std::string base64(std::string_view bytes);

}  // namespace kpm::serve
