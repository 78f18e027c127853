#include "ecosystem/static_site.h"

#include <catch2/catch.hpp>

#include "ecosystem/read_config.h"

namespace kpm::ecosystem {

TEST_CASE("static: a site becomes an app that serves it", "[unit][ecosystem][static]") {
    CHECK(static_site_app({{"port", 3000}, {"path", "dist"}, {"spa", true}}) ==
          Json{{"name", "static-page-server-3000"},
               {"script", "serve"},
               {"env", {{"PM2_SERVE_PORT", "3000"}, {"PM2_SERVE_PATH", "dist"}, {"PM2_SERVE_SPA", "true"}}}});
    const Json guarded = static_site_app(
        {{"name", "docs"}, {"directory", "d"}, {"basic_auth", {{"username", "u"}, {"password", "p"}}}});
    CHECK(guarded["name"] == "docs");
    CHECK(guarded["env"] == Json{{"PM2_SERVE_PORT", "8080"},
                                 {"PM2_SERVE_PATH", "d"},
                                 {"PM2_SERVE_BASIC_AUTH", "true"},
                                 {"PM2_SERVE_BASIC_AUTH_USERNAME", "u"},
                                 {"PM2_SERVE_BASIC_AUTH_PASSWORD", "p"}});
}

TEST_CASE("static: alone or beside apps; what is no site is refused", "[unit][ecosystem][static]") {
    const auto alone = read_config_text(R"({"static":[{"port":1},{"port":2}]})", "x.json");
    REQUIRE(alone);
    CHECK(alone->apps.size() == 2);
    CHECK(alone->warnings.empty());
    const auto both = read_config_text(R"({"apps":[{"script":"a.js"}],"static":{"port":1}})", "x.json");
    REQUIRE(both);
    CHECK(both->apps.size() == 2);
    CHECK(both->apps[1].config.script == "serve");
    CHECK(both->warnings.empty());
    CHECK_FALSE(read_config_text(R"({"static":[7]})", "x.json"));
    CHECK_FALSE(read_config_text(R"({"static":"dist"})", "x.json"));
}

}  // namespace kpm::ecosystem
