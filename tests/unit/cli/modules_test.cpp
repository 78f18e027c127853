#include "cli/modules.h"

#include <catch2/catch.hpp>

namespace kpm::cli {
namespace {

std::string named(std::string_view source) {
    const auto name = module_name(source);
    return name ? *name : "refused";
}

Module module_from(const Json& package) {
    auto module = module_of(package, "/m");
    REQUIRE(module);
    return std::move(*module);
}

}  // namespace

TEST_CASE("modules: a source is called by its package", "[unit][cli][modules]") {
    CHECK(named("pm2-logrotate") == "pm2-logrotate");
    CHECK(named("pm2-logrotate@3.0.0") == "pm2-logrotate");
    CHECK(named("@me/exporter") == "@me/exporter");
    CHECK(named("@me/exporter@latest") == "@me/exporter");
    CHECK(named("me/exporter") == "exporter");
    CHECK(named("https://example.org/me/exporter.git#v2") == "exporter");
}

TEST_CASE("modules: what could be another folder is refused", "[unit][cli][modules]") {
    for (const char* source : {"", ".", "..", "a/..", "@/x", "@me", "@../x", "-g", "a b", "@me/.."}) {
        INFO(source);
        CHECK(named(source) == "refused");
    }
}

TEST_CASE("modules: apps of a package are its apps, its first program or its main", "[unit][cli][modules]") {
    Module module =
        module_from({{"name", "m"}, {"apps", {{{"name", "a"}, {"script", "a.js"}}, {{"script", "b.js"}}}}});
    REQUIRE(module.apps.size() == 2);
    CHECK(module.apps[0].config.name == "a");
    CHECK(module.apps[1].config.name == "m");
    CHECK(module.apps[1].config.script == "b.js");
    CHECK(module.apps[1].config.cwd == "/m/");
    CHECK(module.apps[1].config.extra["pmx_module"] == true);

    CHECK(module_from({{"name", "m"}, {"pm2", {{"script", "c.js"}}}}).apps[0].config.script == "c.js");
    CHECK(module_from({{"name", "m"}, {"bin", {{"run", "r.js"}, {"two", "t.js"}}}}).apps[0].config.script ==
          "r.js");
    CHECK(module_from({{"name", "m"}, {"bin", "r.js"}}).apps[0].config.script == "r.js");
    CHECK(module_from({{"name", "m"}, {"main", "lib/m.js"}}).apps[0].config.script == "lib/m.js");
    CHECK(module_from({{"name", "m"}}).apps[0].config.script == "index.js");
    CHECK_FALSE(module_of({{"main", "x.js"}}, "/m"));
}

TEST_CASE("modules: the list remembers them, settings are kept", "[unit][cli][modules]") {
    const Module module = module_from({{"name", "m"}, {"config", {{"size", "10M"}, {"keep", 3}}}});
    ModuleConf conf(Json{{"m", {{"size", "1G"}}}});
    enter_module(conf, kPackagesKey, module);
    CHECK(conf.root()["m"] == Json{{"size", "1G"}, {"keep", 3}});
    const ipc::Home home("/h");
    CHECK(installed_modules(home, conf) == std::vector<std::filesystem::path>{"/m"});
    // PM2's own list has no folders.
    CHECK(installed_modules(home, ModuleConf(Json{{"module-db-v2", {{"x", {{"uid", 0}}}}},
                                                  {"tar-modules", {{"t", Json::object()}}}})) ==
          std::vector<std::filesystem::path>{"/h/modules/x/node_modules/x", "/h/modules/t"});
    CHECK(strike_module(conf, "m"));
    CHECK_FALSE(strike_module(conf, "m"));
    CHECK(installed_modules(home, conf).empty());
    CHECK(conf.root()["m"]["size"] == "1G");
}

}  // namespace kpm::cli
