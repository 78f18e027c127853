// set, get, conf, unset, multiset: module_conf.json, and what apps see of it.
#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::settings_test {
using namespace test;

TEST_CASE("settings: are set, shown and removed in PM2's words, without a daemon", "[e2e]") {
    const KpmHome kpm;
    CHECK(kpm.kpm({"set", "foo", "bar"}).out.empty());
    CHECK(kpm.kpm({"set", "a:b", "c"}).out == "[PM2] Setting changed\nModule: a\n$ kpm set a:b c\n");
    CHECK(kpm.kpm({"get"}).out == "Module: a\n$ kpm set a:b c\n");
    CHECK(kpm.kpm({"conf"}).out == "Module: a\n$ kpm set a:b c\n");
    CHECK(kpm.kpm({"get", "a"}).out ==
          "Module: a\n$ kpm set a:b c\nModules configuration. Copy/Paste line to edit values.\n");
    CHECK(kpm.kpm({"get", "a:b"}).out == "Value for module a key b: c\n");
    CHECK(kpm.kpm({"config", "a:b", "d"}).status == 0);
    CHECK(kpm.kpm({"config", "a:b"}).out == "Value for module a key b: d\n");
    CHECK(kpm.kpm({"multiset", "m:k v x:y z"}).out == "Module: m\n$ kpm set m:k v\n");
    CHECK(kpm.kpm({"unset", "a:b"}).out ==
          "Module: a\nModule: m\n$ kpm set m:k v\nModule: x\n$ kpm set x:y z\n");
    CHECK(kpm.kpm({"unset", "nothing"}).status == 0);
    CHECK(kpm.kpm({"unset", "a"}).status == 0);
    CHECK(kpm.read(kpm.home() / "module_conf.json") ==
          "{\n    \"foo\": \"bar\",\n    \"m\": {\n        \"k\": \"v\"\n    },\n    \"x\": {\n        "
          "\"y\": \"z\"\n "
          "   }\n}");
    const CommandResult unknown = kpm.kpm({"get", "nothing"});
    CHECK(unknown.status == 1);
    CHECK(unknown.out.empty());
    CHECK(kpm.kpm({"set", "key"}).status == 1);
    CHECK(kpm.kpm({"multiset", "one"}).status == 1);
    CHECK(kpm.kpm({"unset", "all"}).status == 0);
    CHECK(kpm.read(kpm.home() / "module_conf.json") == "{}");
    CHECK(kpm.daemon_pid() == 0);
}

TEST_CASE("settings: an app of a file sees those of its name, also when they change", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "#!/bin/sh\necho \"$level $app\"\nwhile :; do sleep 1; done\n");
    kpm.write("apps.json", R"({"apps":[{"name":"app","script":"./app.sh"}]})");
    REQUIRE(kpm.kpm({"set", "app:level", "3"}).status == 0);
    REQUIRE(kpm.kpm({"start", "apps.json"}).status == 0);
    const auto log = [&] { return kpm.read(kpm.home() / "logs/app-out.log"); };
    CHECK(eventually([&] { return log() == "3 {\"level\":\"3\"}\n"; }));
    REQUIRE(kpm.kpm({"set", "app:level", "4"}).status == 0);
    CHECK(eventually([&] { return log() == "3 {\"level\":\"3\"}\n4 {\"level\":\"4\"}\n"; }));
}

TEST_CASE("settings: multiset restarts each app that it names once", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    kpm.write("apps.json", R"({"apps":[{"name":"a","script":"./app.sh"},{"name":"b","script":"./app.sh"},
        {"name":"c","script":"./app.sh"}]})");
    REQUIRE(kpm.kpm({"start", "apps.json"}).status == 0);
    REQUIRE(kpm.kpm({"multiset", "a:level 4 b:x 1 a:y 2 d:z 3 c 5"}).status == 0);
    const Json a = kpm.find("a")["pm2_env"], b = kpm.find("b")["pm2_env"], c = kpm.find("c")["pm2_env"];
    CHECK(a["restart_time"] == 1);
    CHECK(a["env"]["level"] == "4");
    CHECK(a["env"]["y"] == "2");
    CHECK(b["restart_time"] == 1);
    CHECK(b["env"]["x"] == "1");
    CHECK(c["restart_time"] == 0);
}

TEST_CASE("settings: an app of a script sees them too, and a restart by its name brings what is new",
          "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "#!/bin/sh\necho \"$level $app\"\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"set", "app:level", "3"}).status == 0);
    REQUIRE(kpm.kpm({"start", "./app.sh", "--name", "app"}).status == 0);
    const auto log = [&] { return kpm.read(kpm.home() / "logs/app-out.log"); };
    REQUIRE(eventually([&] { return log() == "3 {\"level\":\"3\"}\n"; }));
    std::ofstream(kpm.home() / "module_conf.json") << R"({"app":{"level":"5"}})";
    REQUIRE(kpm.kpm({"restart", "app"}).status == 0);
    CHECK(eventually([&] { return log() == "3 {\"level\":\"3\"}\n5 {\"level\":\"5\"}\n"; }));
}

TEST_CASE("settings: without a key the editor gets the file", "[e2e]") {
    const KpmHome kpm(
        std::map<std::string, std::string>{{"VISUAL", ""}, {"EDITOR", "printf '{\"a\":{\"b\":\"c\"}}' >"}});
    CHECK(kpm.kpm({"set"}).status == 0);
    CHECK(kpm.kpm({"get", "a:b"}).out == "Value for module a key b: c\n");
    const KpmHome broken(std::map<std::string, std::string>{{"VISUAL", "printf '{' >"}});
    const CommandResult result = broken.kpm({"set"});
    CHECK(result.status == 1);
    CHECK(result.err.find("it is no object of JSON") != std::string::npos);
}

}  // namespace kpm::settings_test
