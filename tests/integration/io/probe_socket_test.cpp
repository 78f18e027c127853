// Looks over real sockets, at servers that behave and at servers that do not.
#include "daemon/io/probe_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>

#include "daemon/io/probe_connection.h"
#include "tests/support/eventually.h"
#include "tests/support/open_fds.h"
#include "tests/support/run_loop.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;
using ecosystem::Probe;
using Verdict = core::ProbeResult::Verdict;

namespace {

UniqueFd listen_on(const SocketAddress& address) {
    UniqueFd socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket.get(), address.raw(), address.size) == 0);
    REQUIRE(::listen(socket.get(), 8) == 0);
    return socket;
}

std::uint16_t port_of(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
}

// On a free port of 127.0.0.1; each connection is given to `serve` in the server's thread.
class Server {
public:
    using Serve = std::function<void(int connection)>;
    explicit Server(Serve serve)
        : listener_(listen_on(socket_address({.hosts = {"127.0.0.1"}}, 0))), thread_([this, serve] {
              for (;;) {
                  const UniqueFd connection(::accept(listener_.get(), nullptr, nullptr));
                  if (!connection) return;
                  serve(connection.get());
              }
          }) {}
    ~Server() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }
    std::uint16_t port() const { return port_of(listener_.get()); }

private:
    UniqueFd listener_;
    std::thread thread_;
};

bool say(int socket, std::string_view text) {
    return ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::string hear(int socket) {
    char buffer[4096];
    const ssize_t count = ::recv(socket, buffer, sizeof buffer, 0);
    return count > 0 ? std::string(buffer, static_cast<std::size_t>(count)) : "";
}

void wait_for_end(int socket) {
    while (!hear(socket).empty()) {
    }
}

core::ProbeSpec http_at(std::uint16_t port, std::chrono::milliseconds timeout = 20s) {
    core::ProbeSpec spec;
    spec.address = {.hosts = {"127.0.0.1"}, .port = port, .host_header = "here", .target = "/up?x=1"};
    spec.timeout = timeout;
    return spec;
}

core::ProbeSpec tcp_at(std::uint16_t port, std::chrono::milliseconds timeout = 20s) {
    core::ProbeSpec spec = http_at(port, timeout);
    spec.kind = Probe::Kind::Tcp;
    return spec;
}

struct Looked {
    std::vector<core::ProbeResult> results;
    bool is_over = false;
};

// The result, and that there is one.
std::string look(const core::ProbeSpec& spec) {
    Loop loop;
    Looked looked;
    std::unique_ptr<ProbeSocket> probe = std::make_unique<ProbeSocket>(
        loop, spec,
        ProbeSocket::Callbacks{[&](core::ProbeResult result) { looked.results.push_back(std::move(result)); },
                               [&] {
                                   looked.is_over = true;
                                   probe.reset();
                               }});
    probe->begin();
    REQUIRE(run_until(loop, [&] { return looked.is_over; }));
    REQUIRE(looked.results.size() == 1);
    const core::ProbeResult& result = looked.results.front();
    return result.verdict == Verdict::Passed   ? "passed"
           : result.verdict == Verdict::Failed ? result.reason
                                               : "unknown: " + result.reason;
}

}  // namespace

TEST_CASE("probe socket: a status from 200 to 399 is success", "[integration][health]") {
    const std::vector<std::pair<std::string, std::string>> kRows{
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "passed"},
        {"HTTP/1.0 204 No Content\r\n\r\n", "passed"},
        {"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "passed"},
        {"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "passed"},
        {"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP status 404"},
        {"HTTP/1.1 503 no\r\n\r\n", "HTTP status 503"},
        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP status 101"},
        {"220 mail ESMTP\r\n", "no HTTP response: \"2\""},
    };
    for (const auto& [text, expected] : kRows) {
        std::string request;
        {
            const Server server([&](int connection) {
                request = hear(connection);
                say(connection, text);
            });
            INFO(text);
            CHECK(look(http_at(server.port())) == expected);
        }
        CHECK(request.starts_with("GET /up?x=1 HTTP/1.1\r\nHost: here\r\n"));
        CHECK(request.ends_with("Connection: close\r\n\r\n"));
    }
}

TEST_CASE("probe socket: a server's answer is read to its end, not cut", "[integration][health]") {
    std::atomic<bool> is_sent = false;
    const Server server([&](int connection) {
        hear(connection);
        const std::string body(20'000, 'x');
        is_sent =
            say(connection, "HTTP/1.1 200 OK\r\n\r\n") && say(connection, body) && say(connection, body);
    });
    CHECK(look(http_at(server.port())) == "passed");
    CHECK(test::eventually([&] { return is_sent.load(); }));
}

TEST_CASE("probe socket: servers that do not behave are found out in time", "[integration][health]") {
    SECTION("closes at once") {
        const Server server([](int connection) { hear(connection); });
        CHECK(look(http_at(server.port())) == "connection closed without an answer");
    }
    SECTION("closes in the status line") {
        const Server server([](int connection) {
            hear(connection);
            say(connection, "HTTP/1.1 2");
        });
        CHECK(look(http_at(server.port())) == "connection closed in the answer: \"HTTP/1.1 2\"");
    }
    SECTION("says nothing") {
        const Server server(wait_for_end);
        CHECK(look(http_at(server.port(), 100ms)) == "no answer within 100 ms");
    }
    SECTION("says one byte now and then") {
        const Server server([](int connection) {
            for (const char c : std::string("HTTP/1.1 200 OK\r\n")) {
                if (!say(connection, {&c, 1})) return;
                pollfd peer{connection, POLLRDHUP, 0};  // until the look is over
                ::poll(&peer, 1, 60);
            }
        });
        CHECK(look(http_at(server.port(), 300ms)) == "no answer within 300 ms");
    }
    SECTION("sends headers without end") {
        const Server server([](int connection) {
            say(connection, "HTTP/1.1 103 Early Hints\r\n");
            while (say(connection, "X-A: b\r\n")) {
            }
        });
        CHECK(look(http_at(server.port())) == "no HTTP status in 16384 bytes");
    }
    SECTION("sends a body without end") {
        const Server server([](int connection) {
            say(connection, "HTTP/1.1 200 OK\r\n\r\n");
            while (say(connection, std::string(4096, 'x'))) {
            }
        });
        CHECK(look(http_at(server.port())) == "passed");
    }
}

TEST_CASE("probe socket: a port that is open is success for tcp, a closed one is not",
          "[integration][health]") {
    std::uint16_t port = 0;
    {
        const Server server(wait_for_end);
        port = server.port();
        CHECK(look(tcp_at(port)) == "passed");
    }
    CHECK(look(tcp_at(port)) == "connection refused");
    CHECK(look(http_at(port)) == "connection refused");
    core::ProbeSpec both = tcp_at(port);
    both.address.hosts = {"127.0.0.1", "::1"};
    CHECK(look(both) != "passed");
}

TEST_CASE("probe socket: the next host is tried when a port is closed", "[integration][health]") {
    const Server server(wait_for_end);
    core::ProbeSpec spec = tcp_at(server.port());
    spec.address.hosts = {"127.9.9.9", "127.0.0.1"};
    CHECK(look(spec) == "passed");
}

TEST_CASE("probe socket: Unix sockets", "[integration][health]") {
    const TempDir folder;
    core::ProbeSpec spec = tcp_at(0);
    spec.address.hosts.clear();
    spec.address.socket = (folder.path() / "a.sock").string();
    CHECK(look(spec) == "no such file or directory");
    {
        const UniqueFd listener = listen_on(socket_address(spec.address, 0));
        CHECK(look(spec) == "passed");
        CHECK(is_reached_at(listener.get(), spec.address));
    }
    CHECK(look(spec) == "connection refused");
}

TEST_CASE("probe socket: over a connection that somebody else hands over", "[integration][health]") {
    const bool is_unix = GENERATE(false, true);
    auto connection = make_connection(is_unix);
    REQUIRE(connection);
    Loop loop;
    Looked looked;
    core::ProbeSpec spec = http_at(1, 200ms);
    spec.kind = GENERATE(Probe::Kind::Http, Probe::Kind::Tcp);
    ProbeSocket probe(loop, spec,
                      {[&](core::ProbeResult result) { looked.results.push_back(std::move(result)); },
                       [&] { looked.is_over = true; }});
    probe.begin_over(std::move(connection->first));
    const auto has_result = [&] { return !looked.results.empty(); };
    SECTION("taken, and answered") {
        probe.taken("");
        if (spec.kind == Probe::Kind::Http) {
            CHECK(looked.results.empty());
            say(connection->second.get(), "HTTP/1.1 200 OK\r\n\r\n");
            connection->second.reset();
        }
        REQUIRE(run_until(loop, has_result));
        CHECK(looked.results.front().verdict == Verdict::Passed);
    }
    SECTION("refused") {
        probe.taken("it takes no connections");
        REQUIRE(run_until(loop, has_result));
        CHECK(looked.results.front() == core::ProbeResult{Verdict::Failed, "it takes no connections"});
    }
    SECTION("never taken") {
        REQUIRE(run_until(loop, has_result));
        CHECK(looked.results.front().reason == (spec.kind == Probe::Kind::Http
                                                    ? "no answer within 200 ms"
                                                    : "the connection was not accepted within 200 ms"));
    }
    CHECK(looked.results.size() == 1);
}

TEST_CASE("probe socket: one that is given up leaves no descriptor", "[integration][health]") {
    const Server server(wait_for_end);
    const auto before = test::count_open_fds();
    {
        Loop loop;
        ProbeSocket probe(loop, http_at(server.port()), {[](const core::ProbeResult&) {}, [] {}});
        probe.begin();
        loop.run_ready();
    }
    // The server's end closes a moment later.
    CHECK(test::eventually([&] { return test::count_open_fds() <= before; }));
}
