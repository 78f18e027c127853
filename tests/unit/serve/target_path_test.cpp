#include "serve/target_path.h"

#include <catch2/catch.hpp>

namespace kpm::serve {
namespace {

std::string path_of(std::string_view target) {
    const auto parsed = parse_target(target);
    return parsed ? parsed->path : "error: " + parsed.error().message;
}

}  // namespace

TEST_CASE("target: becomes a path without dots, slashes twice, query and fragment", "[unit][serve]") {
    CHECK(path_of("/") == "");
    CHECK(path_of("/a/b.html?x=1#y") == "a/b.html");
    CHECK(path_of("//a///b/") == "a/b");
    CHECK(path_of("/a/./b/../c") == "a/c");
    CHECK(path_of("/a%20b/%C3%A4") == "a b/ä");
    CHECK(path_of("http://host:80/x") == "x");
    CHECK(path_of("http://host") == "");
    CHECK(parse_target("/a?q=%zz")->query == "?q=%zz");
}

TEST_CASE("target: nothing above the folder, however it is written", "[unit][serve]") {
    for (const char* target : {"/..", "/../etc/passwd", "/a/../../b", "/%2e%2e/x", "/a/%2e%2e%2f..%2fx",
                               "/..%2f", "/a/..//../x", "http://host/../x"}) {
        INFO(target);
        const auto parsed = parse_target(target);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::Denied);
    }
    CHECK(path_of("/a/../b") == "b");
    CHECK(path_of("/..x/...") == "..x/...");
}

TEST_CASE("target: what is no path is refused", "[unit][serve]") {
    for (const char* target : {"", "x", "*", "?", "/%", "/%1", "/%g0", "/a%00b", "ftp://host/x"}) {
        INFO(target);
        const auto parsed = parse_target(target);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::Invalid);
    }
}

TEST_CASE("target: knows folders and hidden names", "[unit][serve]") {
    CHECK(parse_target("/a/")->names_folder);
    CHECK(parse_target("/a/.")->names_folder);
    CHECK_FALSE(parse_target("/a")->names_folder);
    CHECK(parse_target("/.git/config")->is_hidden());
    CHECK(parse_target("/a/.env")->is_hidden());
    CHECK_FALSE(parse_target("/.well-known/acme-challenge/x")->is_hidden());
    CHECK(parse_target("/.well-known/.x")->is_hidden());
    CHECK(parse_target("/a/b/c.js")->last_part() == "c.js");
    CHECK(parse_target("/")->last_part() == "");
}

TEST_CASE("links: a path is encoded so that it comes back the same", "[unit][serve]") {
    CHECK(encode_path("a b/ä?#%&\"<") == "a%20b/%C3%A4%3F%23%25%26%22%3C");
    CHECK(path_of("/" + encode_path("javascript:x y")) == "javascript:x y");
}

}  // namespace kpm::serve
