#include "ecosystem/read_config.h"

#include <catch2/catch.hpp>

#include "temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

std::vector<std::string> names(const Result<EcosystemFile>& file) {
    if (!file) FAIL(file.error().message);
    std::vector<std::string> result;
    for (const ParsedApp& app : file->apps) result.push_back(app.config.name);
    return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("read config: every shape of PM2 is read", "[unit][ecosystem]") {
    CHECK(names(read_config_text("{apps: [{name: 'a'}, {name: 'b'}]}", "f")) == Names{"a", "b"});
    CHECK(names(read_config_text("{apps: {name: 'a'}}", "f")) == Names{"a"});
    CHECK(names(read_config_text("{pm2: [{name: 'a'}]}", "f")) == Names{"a"});
    CHECK(names(read_config_text("{pm2: {name: 'a'}}", "f")) == Names{"a"});
    CHECK(names(read_config_text("[{name: 'a'}, {name: 'b'}]", "f")) == Names{"a", "b"});
    CHECK(names(read_config_text("{name: 'a'}", "f")) == Names{"a"});
    CHECK(names(read_config_text("{apps: []}", "f")).empty());
    CHECK_FALSE(read_config_text("'a'", "f"));
    CHECK_FALSE(read_config_text("{apps: 3}", "f"));
}

TEST_CASE("read config: an error names file and line", "[unit][ecosystem]") {
    auto file = read_config_text("{apps: [\n  {name: 'a',\n   max_restarts: 'many'}]}", "ecosystem.json");
    REQUIRE_FALSE(file);
    CHECK(file.error().message ==
          "ecosystem.json:3: apps[0].max_restarts: expected a number of at least 0, found \"many\"");
}

TEST_CASE("read config: warnings of apps and of the file are collected", "[unit][ecosystem]") {
    auto file = read_config_text("{apps: [{name: 'a', max_restart: 1},\n{name: 'a'}], modules: []}", "f.json");
    REQUIRE(file);
    CHECK(
        file->warnings ==
        Names{"f.json:2: modules: unknown section 'modules' is ignored",
              "f.json:1: apps[0].max_restart: unknown attribute 'max_restart' (did you mean 'max_restarts'?)",
              "f.json:2: apps[1].name: 'a' is also the name of apps[0]"});
}

TEST_CASE("read config: strict at the top holds for every app", "[unit][ecosystem]") {
    CHECK_FALSE(read_config_text("{strict: true, apps: [{max_restart: 1}]}", "f"));
    CHECK(read_config_text("{strict: true, apps: [{max_restarts: 1}]}", "f"));
}

TEST_CASE("read config: deploy is kept as written", "[unit][ecosystem]") {
    auto file = read_config_text("{apps: [], deploy: {production: {ref: 'main'}}}", "f");
    REQUIRE(file);
    CHECK(file->deploy["production"]["ref"] == "main");
    CHECK(file->warnings.empty());
}

TEST_CASE("read config: the file name tells the format", "[unit][ecosystem]") {
    CHECK(is_config_file("ecosystem.json"));
    CHECK(is_config_file("dir/a.json5"));
    CHECK(is_config_file("a.yml"));
    CHECK(is_config_file("a.config.cjs"));
    CHECK_FALSE(is_config_file("app.js"));
    CHECK_FALSE(is_config_file("my.json.js"));

    const TempFolder folder;
    CHECK(names(read_config(folder.file("a.json5", "[{name: 'a'},]"))) == Names{"a"});
    CHECK(names(read_config(folder.file("a.yaml", "apps:\n  - name: a\n"))) == Names{"a"});
    CHECK(names(read_config(folder.file("package.json", R"({"name": "p", "pm2": {"name": "a"}})"))) ==
          Names{"a"});
    CHECK_FALSE(read_config(folder.file("package.json", R"({"name": "p"})")));
}

TEST_CASE("read config: strict and hints are the same in every format", "[unit][ecosystem]") {
    const TempFolder folder;
    const auto error_of = [&](const std::string& name, const std::string& text) {
        auto file = read_config(folder.file(name, text));
        REQUIRE_FALSE(file);
        CHECK(file.error().code == ErrorCode::Invalid);
        return file.error().message;
    };
    const std::string reason = ": unknown attribute 'max_restart' (did you mean 'max_restarts'?)";
    const std::string at = folder.path() + "/";
    CHECK(error_of("a.json", "{\"strict\": true, \"apps\": [\n{\"max_restart\": 1}]}") ==
          at + "a.json:2: apps[0].max_restart" + reason);
    CHECK(error_of("b.json5", "[{strict: true,\nmax_restart: 1}]") ==
          at + "b.json5:2: [0].max_restart" + reason);
    CHECK(error_of("c.yaml", "strict: true\napps:\n  - name: a\n    max_restart: 1\n") ==
          at + "c.yaml:4: apps[0].max_restart" + reason);
    CHECK(error_of("d.yml", "pm2:\n  strict: true\n  max_restart: 1\n") ==
          at + "d.yml:3: pm2.max_restart" + reason);
    CHECK(error_of("package.json", "{\"pm2\": {\"strict\": true,\n\"max_restart\": 1}}") ==
          at + "package.json:2: pm2.max_restart" + reason);
}

TEST_CASE("read config: TypeScript is refused with what to use instead", "[unit][ecosystem]") {
    CHECK(is_config_file("ecosystem.config.ts"));
    CHECK_FALSE(is_config_file("app.ts"));
    const TempFolder folder;
    auto file = read_config(folder.file("a.config.ts", "export default {}"));
    REQUIRE_FALSE(file);
    CHECK(file.error().message.find("TypeScript is not supported") != std::string::npos);
    CHECK(read_config(folder.path() + "/none.config.mts").error().code == ErrorCode::NotFound);
}

TEST_CASE("read config: a missing file and a folder are told apart from a damaged one", "[unit][ecosystem]") {
    const TempFolder folder;
    auto missing = read_config(folder.path() + "/none.json");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == ErrorCode::NotFound);
    CHECK(missing.error().message ==
          "cannot open '" + folder.path() + "/none.json': No such file or directory");
    CHECK_FALSE(read_config(folder.path()));
    auto large = read_config(folder.file("large.json", std::string(3 << 20, ' ')));
    REQUIRE_FALSE(large);
    CHECK(large.error().message.find("larger than") != std::string::npos);
}
