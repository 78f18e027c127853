#include "serve/listing.h"

#include <catch2/catch.hpp>

#include "serve/mime_type.h"

namespace kpm::serve {

TEST_CASE("listing: folders first, sizes, times, a way up", "[unit][serve]") {
    const std::string page =
        listing_page("docs", {{"b.txt", false, 2048, 0}, {"a.txt", false, 3, 0}, {"z", true, 4096, 0}});
    CHECK(page.find("Index of /docs") != std::string::npos);
    CHECK(page.find("href=\"../\"") != std::string::npos);
    CHECK(page.find("./z/") < page.find("./a.txt"));
    CHECK(page.find("./a.txt") < page.find("./b.txt"));
    CHECK(page.find("3 B") != std::string::npos);
    CHECK(page.find("2.0 KiB") != std::string::npos);
    CHECK(page.find("1970-01-01 00:00") != std::string::npos);
    CHECK(listing_page("", {}).find("../") == std::string::npos);
}

TEST_CASE("listing: names are text, never markup or addresses", "[unit][serve]") {
    const std::string page =
        listing_page("<b>", {{"<script>alert('x')</script>\"&", false, 1, 0}, {"javascript:x", false, 1, 0}});
    CHECK(page.find("<script>") == std::string::npos);
    CHECK(page.find("<b>") == std::string::npos);
    CHECK(page.find("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;") != std::string::npos);
    CHECK(page.find("href=\"./javascript%3Ax\"") != std::string::npos);
}

TEST_CASE("types: by extension, in any case", "[unit][serve]") {
    CHECK(mime_type("a/index.html") == "text/html");
    CHECK(mime_type("X.JS") == "text/javascript");
    CHECK(mime_type("a.tar.gz") == "application/gzip");
    CHECK(mime_type("photo.jpeg") == "image/jpeg");
    CHECK(mime_type("m.wasm") == "application/wasm");
    CHECK(mime_type("README") == "text/plain");
    CHECK(mime_type("a.b/c") == "text/plain");
    CHECK(mime_type("x.unknown") == "text/plain");
    CHECK(mime_type("") == "text/plain");
}

}  // namespace kpm::serve
