#include "daemon/io/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <string>

#include "daemon/io/port_holder.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using core::ListenAddress;

namespace {

ListenAddress address(const std::string& text) {
    return core::parse_listen_address(text).value();
}

bool connects(int family, const sockaddr* target, socklen_t size) {
    const UniqueFd client(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), target, size) == 0;
}
bool connects_ipv4(std::uint16_t port) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(port);
    target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connects(AF_INET, reinterpret_cast<sockaddr*>(&target), sizeof target);
}
bool connects_ipv6(std::uint16_t port) {
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(port);
    target.sin6_addr = in6addr_loopback;
    return connects(AF_INET6, reinterpret_cast<sockaddr*>(&target), sizeof target);
}
bool connects_unix(const std::string& path) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    std::memcpy(target.sun_path, path.c_str(), path.size());
    return connects(AF_UNIX, reinterpret_cast<sockaddr*>(&target), sizeof target);
}
bool has_ipv6() {
    const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    return probe && ::bind(probe.get(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) == 0;
}

}  // namespace

TEST_CASE("listener: every interface means IPv4 and IPv6", "[integration][listener]") {
    const auto listener = open_listener(address("*:0"));
    REQUIRE(listener.has_value());
    const auto bound = bound_address(listener->get()).value();
    CHECK(bound.kind == ListenAddress::Kind::Any);
    REQUIRE(bound.port != 0);
    CHECK(connects_ipv4(bound.port));
    if (has_ipv6()) CHECK(connects_ipv6(bound.port));
}

TEST_CASE("listener: a literal address is only that one", "[integration][listener]") {
    const auto ipv4 = open_listener(address("127.0.0.1:0"));
    REQUIRE(ipv4.has_value());
    const auto bound = bound_address(ipv4->get()).value();
    CHECK(bound.host == "127.0.0.1");
    CHECK(connects_ipv4(bound.port));
    CHECK_FALSE(connects_ipv6(bound.port));
    if (!has_ipv6()) return;
    const auto ipv6 = open_listener(address("[::1]:0"));
    REQUIRE(ipv6.has_value());
    CHECK(to_text(bound_address(ipv6->get()).value()).starts_with("[::1]:"));
    CHECK(connects_ipv6(bound_address(ipv6->get()).value().port));
}

TEST_CASE("listener: descriptors neither block nor are inherited", "[integration][listener]") {
    const auto listener = open_listener(address("127.0.0.1:0"));
    REQUIRE(listener.has_value());
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("listener: a port in use names who holds it", "[integration][listener]") {
    const auto first = open_listener(address("127.0.0.1:0"));
    REQUIRE(first.has_value());
    const std::uint16_t port = bound_address(first->get()).value().port;
    std::string command;
    std::getline(std::ifstream("/proc/self/comm") >> std::ws, command);
    for (const std::string& text : {fmt::format("127.0.0.1:{}", port), fmt::format("*:{}", port)}) {
        const auto second = open_listener(address(text));
        REQUIRE_FALSE(second.has_value());
        CHECK(second.error().code == ErrorCode::Exists);
        CHECK(second.error().message ==
              fmt::format("cannot listen on '{}': Address already in use (held by pid {}, {})", text,
                          ::getpid(), command));
    }
}

TEST_CASE("listener: nobody holds a free port", "[integration][listener]") {
    std::uint16_t port = 0;
    {
        const auto listener = open_listener(address("127.0.0.1:0"));
        port = bound_address(listener->get()).value().port;
    }
    CHECK_FALSE(find_port_holder(port));
}

TEST_CASE("listener: SO_REUSEPORT opens one socket per worker slot", "[integration][listener]") {
    const auto first = open_listener(address("127.0.0.1:0"), {.reuse_port = true});
    REQUIRE(first.has_value());
    const std::string same = to_text(bound_address(first->get()).value());
    CHECK(open_listener(address(same), {.reuse_port = true}).has_value());
    CHECK_FALSE(open_listener(address(same)).has_value());
}

TEST_CASE("listener: an address that this machine does not have is an error", "[integration][listener]") {
    const auto listener = open_listener(address("192.0.2.1:0"));
    REQUIRE_FALSE(listener.has_value());
    CHECK(listener.error().message.starts_with("cannot listen on '192.0.2.1:0': "));
}

TEST_CASE("listener: a unix socket has the mode asked for", "[integration][listener]") {
    const TempDir folder;
    const std::string path = folder.path() / "app.sock";
    const auto listener = open_listener(address("unix:" + path + "?mode=600"));
    REQUIRE(listener.has_value());
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(connects_unix(path));
    CHECK(bound_address(listener->get()).value() == address(path));
}

TEST_CASE("listener: a stale socket file is replaced, a live one and a file are not",
          "[integration][listener]") {
    const TempDir folder;
    const std::string path = folder.path() / "app.sock";
    {
        const auto gone = open_listener(address(path));
        REQUIRE(gone.has_value());
    }
    REQUIRE_FALSE(connects_unix(path));
    const auto listener = open_listener(address(path));
    REQUIRE(listener.has_value());
    CHECK(connects_unix(path));
    CHECK_FALSE(open_listener(address(path)).has_value());
    CHECK(connects_unix(path));

    const std::string file = folder.path() / "notes.txt";
    std::ofstream(file) << "keep me";
    CHECK_FALSE(open_listener(address(file)).has_value());
    CHECK(std::ifstream(file).good());
}
