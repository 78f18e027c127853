#include "daemon/core/http_status.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;

namespace {

// "200", "more", or the error.
std::string read(std::string_view bytes, std::size_t piece) {
    HttpStatusReader reader;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const auto status = reader.feed(bytes.substr(at, piece));
        if (!status) return status.error().message;
        if (*status) return std::to_string(**status);
    }
    return "more";
}

}  // namespace

TEST_CASE("http status: the first line tells, in whatever pieces it comes", "[unit][health]") {
    const std::vector<std::pair<std::string, std::string>> kRows{
        {"HTTP/1.1 200 OK\r\n", "200"},
        {"HTTP/1.0 404 Not Found\r\nA: b\r\n\r\nbody", "404"},
        {"HTTP/1.1 503\r\n", "503"},
        {"HTTP/1.1 204 \n", "204"},
        {"HTTP/1.1 101 Switching\r\n", "101"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n", "200"},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nX: HTTP/1.1 500 no\r\n\r\nHTTP/1.1 302 Found\r\n", "302"},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", "more"},
        {"HTTP/1.1 200 OK", "more"},
        {"", "more"},
        {"SSH-2.0-OpenSSH_9.2\r\n", "no HTTP response: \"S\""},
        {"\r\n", "no HTTP response: \".\""},
        {"\n", "no HTTP response: \"\""},
        {"HTTP/2 200\r\n", "no HTTP response: \"HTTP/2\""},
        {"HTTP/1.1 abc\r\n", "no HTTP response: \"HTTP/1.1 abc\""},
        {"HTTP/1.1 099 no\r\n", "no HTTP response: \"HTTP/1.1 099 no\""},
        {"HTTP/1.1 600 no\r\n", "no HTTP response: \"HTTP/1.1 600 no\""},
        {"HTTP/1.1 2000 no\r\n", "no HTTP response: \"HTTP/1.1 2000 no\""},
        {"HTTP/1.1\r\n", "no HTTP response: \"HTTP/1.1\""},
        {"HTTP/1.1 \x01\x02\xff\r\n", "no HTTP response: \"HTTP/1.1 ...\""},
    };
    for (const auto& [bytes, expected] : kRows)
        for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
            INFO(bytes << " by " << piece);
            CHECK(read(bytes, piece) == expected);
        }
}

TEST_CASE("http status: a server that talks without end is found out", "[unit][health]") {
    const std::string line(100'000, 'a');
    CHECK(read("HTTP/1.1 200 " + line, 4096) == "no HTTP status in 16384 bytes");
    std::string hints;
    for (int i = 0; i < 1000; ++i) hints += "HTTP/1.1 103 Early Hints\r\n\r\n";
    CHECK(read(hints, 4096) == "no HTTP status in 16384 bytes");
    CHECK(read("HTTP/1.1 103 Early Hints\r\nX: " + line, 4096) == "no HTTP status in 16384 bytes");
}

TEST_CASE("http status: a connection that ends early says where", "[unit][health]") {
    HttpStatusReader reader;
    CHECK(reader.ended().message == "connection closed without an answer");
    REQUIRE(reader.feed("HTTP/1"));
    CHECK(reader.ended().message == "connection closed in the answer: \"HTTP/1\"");
}
