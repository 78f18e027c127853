#pragma once
// A control server in a home of its own, and raw clients that may misbehave.

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/io/control_server.h"
#include "ipc/client.h"
#include "tests/support/run_loop.h"
#include "tests/support/temp_dir.h"

namespace kpm::io {

// Answers `ping` and `echo`, holds `later`, never answers `never`.
struct ControlFixture {
    TempDir directory;
    ipc::Home home{directory.path()};
    Loop loop;
    std::vector<std::string> notices;
    std::vector<Responder> held;
    std::map<std::string, int> seen;
    std::unique_ptr<ControlServer> server;

    ~ControlFixture() {
        held.clear();
        server.reset();
    }

    void serve(ControlLimits limits = {}) {
        auto opened = ControlServer::open(
            loop, home,
            {.on_request = [this](const ipc::Request& request,
                                  Responder responder) { handle(request, responder); },
             .on_notice = [this](std::string line) { notices.push_back(std::move(line)); }},
            {"ping", "echo"}, limits);
        if (!opened) FAIL(opened.error().message);
        server = *std::move(opened);
    }

    void handle(const ipc::Request& request, const Responder& responder) {
        ++seen[request.method];
        if (request.method == "ping")
            responder.value({{"msg", "pong"}});
        else if (request.method == "echo")
            responder.value(request.arg(0));
        else if (request.method == "later")
            held.push_back(responder);
        else if (request.method != "never")
            responder.unknown_method();
    }

    bool until(const std::function<bool()>& condition) { return run_until(loop, condition); }

    // What the client in a thread gets while the loop turns.
    Result<Json> call(std::string method, Json args = Json::array({Json::object()})) {
        return run_beside(loop, [this, method, args]() -> Result<Json> {
            Result<ipc::Client> client = ipc::Client::connect(home);
            if (!client) return client.error();
            return client->call(method, args);
        });
    }
};

inline UniqueFd connect_raw(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(socket);
    REQUIRE(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return socket;
}

inline void write_raw(const UniqueFd& socket, std::string_view bytes) {
    REQUIRE(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
}

// Appends what can be read now. False: the server has closed.
inline bool read_raw(const UniqueFd& socket, std::string& into) {
    char chunk[65536];
    while (true) {
        const ssize_t size = ::recv(socket.get(), chunk, sizeof chunk, 0);
        if (size <= 0) return size < 0 && errno == EAGAIN;
        into.append(chunk, static_cast<std::size_t>(size));
    }
}

}  // namespace kpm::io
