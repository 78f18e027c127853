#include "serve/settings.h"

#include <catch2/catch.hpp>

#include <map>
#include <vector>

namespace kpm::serve {
namespace {

Result<Settings> read(std::vector<std::string> words, const std::map<std::string, std::string>& variables) {
    return read_settings(words, [&](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

}  // namespace

TEST_CASE("settings: PM2's defaults; variables outweigh words", "[unit][serve]") {
    const auto plain = read({}, {});
    REQUIRE(plain);
    CHECK(plain->folder == ".");
    CHECK(plain->port == 8080);
    CHECK(plain->host == "0.0.0.0");
    CHECK(plain->homepage == "index.html");
    CHECK_FALSE(plain->single_page);
    CHECK_FALSE(plain->needs_password());
    const auto words = read({"dist", "81"}, {});
    CHECK(words->folder == "dist");
    CHECK(words->port == 81);
    const auto both = read({"dist", "81"}, {{"PM2_SERVE_PATH", "/www"},
                                            {"PM2_SERVE_PORT", "82"},
                                            {"PM2_SERVE_SPA", "true"},
                                            {"PM2_SERVE_FTP", "false"},
                                            {"PM2_SERVE_HOMEPAGE", "/start.html"}});
    CHECK(both->folder == "/www");
    CHECK(both->port == 82);
    CHECK(both->single_page);
    CHECK_FALSE(both->listings);
    CHECK(both->homepage == "start.html");
}

TEST_CASE("settings: wrong ports are refused", "[unit][serve]") {
    for (const char* port : {"x", "-1", "65536", "80 ", "8o"}) {
        INFO(port);
        const auto settings = read({".", port}, {});
        REQUIRE_FALSE(settings);
        CHECK(settings.error().message.find("cannot listen on '" + std::string(port)) == 0);
    }
}

TEST_CASE("settings: half a password protects nothing, so it is refused", "[unit][serve]") {
    CHECK(read({}, {{"PM2_SERVE_BASIC_AUTH", "true"},
                    {"PM2_SERVE_BASIC_AUTH_USERNAME", "u"},
                    {"PM2_SERVE_BASIC_AUTH_PASSWORD", "p"}})
              ->needs_password());
    CHECK_FALSE(read({}, {{"PM2_SERVE_BASIC_AUTH", "true"}, {"PM2_SERVE_BASIC_AUTH_USERNAME", "u"}}));
    CHECK_FALSE(read({}, {{"PM2_SERVE_BASIC_AUTH", "true"}}));
}

}  // namespace kpm::serve
