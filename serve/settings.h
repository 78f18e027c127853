#pragma once
// What is served, where, to whom: PM2's variables, which outweigh the words of the command line as in PM2.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "ipc/base/result.h"

namespace kpm::serve {

struct Settings {
    std::string folder = ".";
    std::string host = "0.0.0.0";
    std::uint16_t port = 8080;
    std::string homepage = "index.html";  // of every folder; below the served folder when it has slashes
    bool single_page = false;             // what is not there is answered by the homepage
    bool listings = false;                // folders without a homepage show what is in them
    bool hidden_files = false;            // serve names that begin with a dot
    std::string user, password;           // both empty: everybody may

    bool needs_password() const { return !user.empty() || !password.empty(); }
};

using Variables = std::function<std::optional<std::string>(const char* name)>;
// `words` are [path] [port].
Result<Settings> read_settings(std::span<const std::string> words, const Variables& variable);

}  // namespace kpm::serve
