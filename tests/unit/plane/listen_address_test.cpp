#include "daemon/core/listen_address.h"

#include <catch2/catch.hpp>

using namespace kpm::core;
using Kind = ListenAddress::Kind;

TEST_CASE("listen address: every form is read", "[unit][listen_address]") {
    CHECK(parse_listen_address("3000").value() ==
          ListenAddress{.kind = Kind::Any, .host = {}, .port = 3000, .path = {}});
    CHECK(parse_listen_address(":3000").value().kind == Kind::Any);
    CHECK(parse_listen_address("*:0").value().port == 0);
    CHECK(parse_listen_address("127.0.0.1:65535").value() ==
          ListenAddress{.kind = Kind::Ipv4, .host = "127.0.0.1", .port = 65535, .path = {}});
    CHECK(parse_listen_address("localhost:80").value().host == "127.0.0.1");
    CHECK(parse_listen_address("[::1]:3000").value() ==
          ListenAddress{.kind = Kind::Ipv6, .host = "::1", .port = 3000, .path = {}});
    CHECK(parse_listen_address("[fe80::1%eth0]:3000").value().host == "fe80::1%eth0");
    CHECK(parse_listen_address("unix:/run/a.sock").value() ==
          ListenAddress{.kind = Kind::Unix, .host = {}, .port = 0, .path = "/run/a.sock"});
    CHECK(parse_listen_address("/run/a.sock").value().kind == Kind::Unix);
}

TEST_CASE("listen address: what is read is written the same", "[unit][listen_address]") {
    for (const char* text : {"*:3000", "127.0.0.1:3000", "[::1]:3000", "unix:/run/a.sock"})
        CHECK(to_text(parse_listen_address(text).value()) == text);
}

TEST_CASE("listen address: nonsense is refused with the reason", "[unit][listen_address]") {
    for (const char* text :
         {"", "port", "70000", "-1", "3000x", "127.0.0.1:", "127.0.0:1", "256.0.0.1:1", "example.org:80",
          "::1:3000", "[::1", "[::1]", "[name]:1", "unix:relative", "unix:"}) {
        CAPTURE(text);
        const auto address = parse_listen_address(text);
        REQUIRE_FALSE(address.has_value());
        CHECK(address.error().code == kpm::ErrorCode::Invalid);
    }
    CHECK(parse_listen_address("70000").error().message ==
          "cannot listen on '70000': '70000' is not a port (0 to 65535)");
    CHECK_FALSE(parse_listen_address("unix:/" + std::string(107, 'a')).has_value());
    CHECK(parse_listen_address("unix:/" + std::string(106, 'a')).has_value());
}

TEST_CASE("listen address: options stand behind a question mark", "[unit][plane]") {
    const auto file = parse_listen_address("unix:/run/a.sock?mode=660&user=www&group=33&backlog=8&name=api");
    REQUIRE(file);
    CHECK(file->path == "/run/a.sock");
    CHECK(file->mode == 0660u);
    CHECK(file->user == "www");
    CHECK(file->group == "33");
    CHECK(file->backlog == 8);
    CHECK(file->name == "api");
    CHECK(to_text(*file) == "unix:/run/a.sock");
    CHECK(parse_listen_address("[::1]:80?backlog=1")->host == "::1");
}

TEST_CASE("listen address: what is no option is refused by name", "[unit][plane]") {
    const auto reason = [](const char* text) { return parse_listen_address(text).error().message; };
    CHECK(reason("80?backlog=0") == "cannot listen on '80?backlog=0': backlog '0' is not a number above 0");
    CHECK(reason("80?mode=660") == "cannot listen on '80?mode=660': 'mode' is for socket files");
    CHECK(reason("/a?mode=888").find("not an octal number") != std::string::npos);
    CHECK(reason("/a?user=").find("'user' is empty") != std::string::npos);
    CHECK(reason("80?name=a:b").find("no name for a descriptor") != std::string::npos);
    CHECK(reason("80?").find("unknown option ''") != std::string::npos);
    CHECK(reason("80?tls=1").find("unknown option 'tls'") != std::string::npos);
}
