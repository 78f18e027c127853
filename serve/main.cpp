// kpm-serve [path] [port]: serves the files of a folder, as PM2's `serve` does. What `kpm serve` starts.

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "serve/server.h"

namespace {

using namespace kpm;

std::optional<std::string> variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// sd_notify(3): whoever waits for this server learns that it listens.
void tell_ready() {
    const auto path = variable("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (!path || path->empty() || path->size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path->data(), path->size());
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path->size());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    constexpr std::string_view kReady = "READY=1";
    if (socket)
        ::sendto(socket.get(), kReady.data(), kReady.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

int fail(const Error& error) {
    fmt::print(stderr, "error: {}\n", error.message);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    if (words.size() > 2 || (!words.empty() && words[0].starts_with('-'))) {
        fmt::print(stderr, "usage: kpm-serve [path] [port], and the variables PM2_SERVE_* (docs/serve.md)\n");
        return 1;
    }
    const auto settings = serve::read_settings(words, variable);
    if (!settings) return fail(settings.error());
    const auto served = serve::run_server(*settings, [&](const std::string& address) {
        std::error_code ignored;
        std::string folder = std::filesystem::absolute(settings->folder, ignored).lexically_normal().string();
        if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
        fmt::print("Exposing {} directory on {}\n", folder, address);
        std::fflush(stdout);
        tell_ready();
    });
    return served ? 0 : fail(served.error());
}
