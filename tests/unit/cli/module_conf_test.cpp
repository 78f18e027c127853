#include "cli/module_conf.h"

#include <fcntl.h>
#include <sys/file.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <thread>

#include "ipc/base/unique_fd.h"
#include "tests/support/temp_dir.h"

namespace kpm::cli {
namespace {

std::function<Result<bool>(ModuleConf&)> set_to(std::string key, std::string value) {
    return [key, value](ModuleConf& conf) -> Result<bool> {
        if (const auto set = conf.set(key, value); !set) return set.error();
        return true;
    };
}

}  // namespace

TEST_CASE("module conf: colons separate, dots do when there are any", "[unit][cli][module_conf]") {
    using Parts = std::vector<std::string_view>;
    CHECK(key_parts("a") == Parts{"a"});
    CHECK(key_parts("a:b") == Parts{"a", "b"});
    CHECK(key_parts("a.b.c") == Parts{"a", "b", "c"});
    CHECK(key_parts("a:d.e") == Parts{"a:d", "e"});
}

TEST_CASE("module conf: set, get and unset at any level", "[unit][cli][module_conf]") {
    ModuleConf conf{Json::object()};
    REQUIRE(conf.set("foo", "bar"));
    REQUIRE(conf.set("a:b", "c"));
    REQUIRE(conf.set("a:b", "d"));
    REQUIRE(conf.set("x.y.z", "1"));
    CHECK(conf.root().dump() == R"({"foo":"bar","a":{"b":"d"},"x":{"y":{"z":"1"}}})");
    CHECK(*conf.get("a:b") == "d");
    CHECK(*conf.get("a") == Json{{"b", "d"}});
    CHECK(conf.get("a:nix") == nullptr);
    CHECK(conf.get("foo:x") == nullptr);
    CHECK(conf.unset("x.y.z"));
    CHECK_FALSE(conf.unset("x.y.z"));
    CHECK_FALSE(conf.unset("nix:x"));
    CHECK(conf.unset("a"));
    CHECK(conf.root().dump() == R"({"foo":"bar","x":{"y":{}}})");
    CHECK(conf.unset("all"));
    CHECK(conf.root().empty());
}

TEST_CASE("module conf: a value is not made a module, nor the other way round", "[unit][cli][module_conf]") {
    ModuleConf conf{Json{{"foo", "bar"}, {"a", {{"b", "c"}}}}};
    CHECK(conf.set("foo:x", "1").error().code == ErrorCode::Denied);
    CHECK(conf.set("a", "1").error().code == ErrorCode::Denied);
    for (const char* key : {"", ":", "a:", ":b", "a..b"}) {
        INFO(key);
        CHECK_FALSE(conf.set(key, "1"));
    }
    CHECK(conf.root().dump() == R"({"foo":"bar","a":{"b":"c"}})");
}

TEST_CASE("module conf: what an app of the name finds in its environment", "[unit][cli][module_conf]") {
    const ModuleConf conf{Json{{"foo", "bar"}, {"a", {{"b", "c"}, {"deep", {{"x", "1"}}}}}}};
    CHECK(module_variables(conf, "a") == Json{{"b", "c"}, {"a", R"({"b":"c","deep":{"x":"1"}})"}});
    const ModuleConf typed{Json{{"z", {{"compress", false}, {"max", 5}, {"no", nullptr}, {"a=b", "c"}}}}};
    CHECK(module_variables(typed, "z") == Json{{"compress", "false"},
                                               {"max", "5"},
                                               {"z", R"({"compress":false,"max":5,"no":null,"a=b":"c"})"}});
    CHECK(module_variables(conf, "foo").empty());
    CHECK(module_variables(conf, "other").empty());
}

TEST_CASE("module conf: PM2's file, and none that is broken is overwritten", "[unit][cli][module_conf]") {
    const TempDir folder;
    const ipc::Home home(folder.path());
    const auto empty = ModuleConf::read(home);
    REQUIRE(empty);
    CHECK(empty->root().empty());
    const auto conf = ModuleConf::update(home, set_to("a:b", "c"));
    REQUIRE(conf);
    std::ifstream file(home.module_conf());
    std::string text{std::istreambuf_iterator<char>(file), {}};
    CHECK(text == "{\n    \"a\": {\n        \"b\": \"c\"\n    }\n}");
    CHECK(ModuleConf::read(home)->root() == conf->root());
    for (const char* broken : {"{", "[]", "1"}) {
        std::ofstream(home.module_conf(), std::ios::trunc) << broken;
        CHECK(ModuleConf::read(home).error().message.find("cannot read '") == 0);
        CHECK_FALSE(ModuleConf::update(home, set_to("a:b", "c")));
    }
}

TEST_CASE("module conf: nobody else changes it while one does", "[unit][cli][module_conf]") {
    const TempDir folder;
    const ipc::Home home(folder.path());
    bool is_locked = false;
    REQUIRE(ModuleConf::update(home, [&](ModuleConf& conf) -> Result<bool> {
        const UniqueFd other(::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        is_locked = ::flock(other.get(), LOCK_EX | LOCK_NB) != 0;
        return set_to("a:b", "c")(conf);
    }));
    CHECK(is_locked);
    // All of it counts, whoever comes in between.
    constexpr int kWriters = 8;
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i)
        writers.emplace_back(
            [&home, i] { (void)ModuleConf::update(home, set_to("w:" + std::to_string(i), "x")); });
    for (std::thread& writer : writers) writer.join();
    CHECK(ModuleConf::read(home)->get("w")->size() == kWriters);
}

TEST_CASE("module conf: what is refused, or changes nothing, is not written", "[unit][cli][module_conf]") {
    const TempDir folder;
    const ipc::Home home(folder.path());
    REQUIRE(ModuleConf::update(home, [](ModuleConf& conf) -> Result<bool> { return conf.unset("a:b"); }));
    CHECK_FALSE(ModuleConf::update(home, set_to("a::b", "c")));
    CHECK_FALSE(std::filesystem::exists(home.module_conf()));
    const ipc::Home none(folder.path() / "none");
    REQUIRE(ModuleConf::update(none, [](ModuleConf& conf) -> Result<bool> { return conf.unset("a:b"); }));
    CHECK_FALSE(std::filesystem::exists(none.root()));
}

}  // namespace kpm::cli
