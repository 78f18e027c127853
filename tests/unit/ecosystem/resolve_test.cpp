#include "ecosystem/resolve.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "ecosystem/interpreter.h"
#include "temp_folder.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

// A folder with an app of each kind and a PATH that holds only what the test puts there.
class World {
public:
    World() {
        for (const char* tool : {"node", "bash", "python3", "bun"}) tool_path(tool);
        folder_.file("app.js", "1");
        folder_.file("run.py", "1");
        folder_.file("bin/server",
                     std::string("\x7f"
                                 "ELF\0\0\0",
                                 7),
                     true);
        context_.cwd = folder_.path();
        context_.home = "/h";
        context_.user = "ann";
        context_.env = {{"PATH", folder_.path() + "/path"}, {"HOME", "/home/ann"}, {"SECRET_KEY", "x"}};
    }

    ResolveContext& context() { return context_; }
    const TempFolder& folder() const { return folder_; }
    std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
    std::string tool_path(const std::string& name) const {
        return folder_.file("path/" + name, "#!/bin/sh\n", true);
    }
    void remove_tool(const std::string& name) const { std::filesystem::remove(path("path/" + name)); }

    AppConfig operator()(const AppConfig& declared) const {
        auto app = resolve(declared, context_);
        if (!app) FAIL(app.error().message);
        return app->config;
    }
    Error error(const AppConfig& declared) const {
        auto app = resolve(declared, context_);
        REQUIRE_FALSE(app);
        return app.error();
    }

private:
    TempFolder folder_;
    ResolveContext context_;
};

AppConfig script(std::string path) {
    AppConfig config;
    config.script = std::move(path);
    return config;
}

AppConfig with_instances(std::string path, std::optional<int> instances, std::optional<ExecMode> mode = {}) {
    AppConfig config = script(std::move(path));
    config.instances = instances;
    config.exec_mode = mode;
    return config;
}

}  // namespace

TEST_CASE("resolve: a script in the working directory becomes what PM2's CLI sends", "[unit][ecosystem]") {
    const World resolve_in;
    const AppConfig app = resolve_in(script("app.js"));
    CHECK(app.script == resolve_in.path("app.js"));
    CHECK(app.name == "app");
    CHECK(app.cwd == resolve_in.folder().path());
    CHECK(app.interpreter == "node");
    CHECK(app.exec_mode == ExecMode::Fork);
    CHECK(app.instances == 1);
    CHECK(app.merge_logs == true);
    CHECK(app.out_file == "/h/logs/app-out.log");
    CHECK(app.error_file == "/h/logs/app-error.log");
    CHECK(app.log_file == Selection(false));
    CHECK(app.pid_file == "/h/pids/app.pid");
    CHECK(app.username == "ann");
    CHECK(*find_variable(app.env, "PM2_HOME") == "/h");
    CHECK(*find_variable(app.env, "PM2_USAGE") == "CLI");
    CHECK(find_variable(app.env, "PM2_JSON_PROCESSING") == nullptr);
}

TEST_CASE("resolve: the settings of its name are variables of an app, whatever their type",
          "[unit][ecosystem]") {
    World resolve_in;
    resolve_in.context().from_file = true;
    resolve_in.context().module_conf = Json{
        {"app", {{"level", "3"}, {"compress", false}, {"max", 5}, {"none", nullptr}, {"deep", {{"x", 1}}}}}};
    const AppConfig app = resolve_in(script("app.js"));
    CHECK(*find_variable(app.env, "level") == "3");
    CHECK(*find_variable(app.env, "compress") == "false");
    CHECK(*find_variable(app.env, "max") == "5");
    CHECK(find_variable(app.env, "none") == nullptr);
    CHECK(find_variable(app.env, "deep") == nullptr);
    CHECK(*find_variable(app.env, "app") ==
          R"({"level":"3","compress":false,"max":5,"none":null,"deep":{"x":1}})");
}

TEST_CASE("resolve: mode, count and log suffix follow PM2's table", "[unit][ecosystem]") {
    struct Row {
        AppConfig declared;
        ExecMode mode;
        int instances;
        bool merged;
    };
    const Row rows[] = {
        {with_instances("app.js", {}), ExecMode::Fork, 1, true},
        {with_instances("app.js", 1), ExecMode::Cluster, 1, false},
        {with_instances("app.js", 4), ExecMode::Cluster, 4, false},
        {with_instances("app.js", 0), ExecMode::Cluster, 0, true},
        {with_instances("app.js", 0, ExecMode::Cluster), ExecMode::Cluster, 0, false},
        {with_instances("app.js", -1), ExecMode::Cluster, -1, false},
        {with_instances("app.js", -2), ExecMode::Fork, -2, false},
        {with_instances("run.py", 3), ExecMode::Fork, 3, false},
        {with_instances("app.js", 3, ExecMode::Fork), ExecMode::Fork, 3, false},
        {with_instances("app.js", {}, ExecMode::Fork), ExecMode::Fork, 1, true},
        {with_instances("app.js", {}, ExecMode::Cluster), ExecMode::Cluster, 1, false},
    };
    const World resolve_in;
    for (const Row& row : rows) {
        const AppConfig app = resolve_in(row.declared);
        INFO(&row - rows);
        CHECK(app.exec_mode == row.mode);
        CHECK(app.instances == row.instances);
        CHECK(app.merge_logs.value_or(false) == row.merged);
    }
}

TEST_CASE("resolve: the number of instances depends on the CPUs", "[unit][ecosystem]") {
    CHECK(instance_count(with_instances("a", {}), 8) == 1);
    CHECK(instance_count(with_instances("a", 3), 8) == 3);
    CHECK(instance_count(with_instances("a", 0), 8) == 8);
    CHECK(instance_count(with_instances("a", -2), 8) == 6);
    CHECK(instance_count(with_instances("a", -8), 8) == 1);
    CHECK(instance_count(with_instances("a", 0), 0) == 1);
}

TEST_CASE("resolve: kpm's ways of taking connections mean cluster mode", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("bin/server");
    app.kpm_channel = true;
    CHECK(resolve_in(app).exec_mode == ExecMode::Cluster);
    CHECK_FALSE(resolve_in(app).merge_logs);
    app = with_instances("bin/server", 2);
    app.listen = {"8080"};
    CHECK(resolve_in(app).exec_mode == ExecMode::Cluster);
    app.execute_command = true;
    CHECK(resolve_in(app).exec_mode == ExecMode::Fork);
}

TEST_CASE("resolve: an explicit false is no default", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    app.merge_logs = false;
    CHECK(resolve_in(app).merge_logs == false);
}

TEST_CASE("resolve: a missing script is an error with its absolute path", "[unit][ecosystem]") {
    const World resolve_in;
    const Error error = resolve_in.error(script("none.js"));
    CHECK(error.code == ErrorCode::NotFound);
    CHECK(error.message == "Script not found: " + resolve_in.path("none.js"));
    CHECK(resolve_in.error(script("")).message == "No script path - aborting");
}

TEST_CASE("resolve: a command is found in PATH", "[unit][ecosystem]") {
    const World resolve_in;
    resolve_in.tool_path("npm");
    const AppConfig app = resolve_in(script("npm"));
    CHECK(app.script == resolve_in.path("path/npm"));
    CHECK(app.interpreter == "none");
    CHECK(app.name == "npm");
}

TEST_CASE("resolve: a text with blanks goes to the shell, unless it is a file", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = resolve_in(script("node app.js --x"));
    CHECK(app.script == resolve_in.path("path/bash"));
    CHECK(app.args == std::vector<std::string>{"-c", "node app.js --x"});
    CHECK(app.interpreter == "none");
    CHECK(app.name == "node app");
    resolve_in.folder().file("my app.js", "1");
    app = resolve_in(script("my app.js"));
    CHECK(app.interpreter == "node");
    CHECK(app.args.empty());
}

TEST_CASE("resolve: the interpreter follows from extension, first line and content", "[unit][ecosystem]") {
    const World resolve_in;
    const TempFolder& folder = resolve_in.folder();
    folder.file("tool", "#!/bin/sh\necho\n", true);
    folder.file("plain", "console.log(1)\n");
    folder.file("x.mjs", "");
    folder.file("x.sh", "");
    folder.file("x.ts", "");
    CHECK(resolve_in(script("tool")).interpreter == "none");
    CHECK(resolve_in(script("plain")).interpreter == "node");
    CHECK(resolve_in(script("bin/server")).interpreter == "none");
    CHECK(resolve_in(script("bin")).interpreter == "node");
    CHECK(resolve_in(script("x.mjs")).interpreter == "node");
    CHECK(resolve_in(script("x.sh")).interpreter == "bash");
    CHECK(resolve_in(script("run.py")).interpreter == "python3");
    CHECK(resolve_in(script("x.ts")).interpreter == "bun");
    CHECK(looks_binary(std::string_view("a\0b", 3)));
    CHECK_FALSE(looks_binary("text\twith\nlines"));
    CHECK_FALSE(looks_binary(""));
}

TEST_CASE("resolve: TypeScript depends on Node's version", "[unit][ecosystem]") {
    using Words = std::vector<std::string>;
    for (const char* version : {"v22.18.0\n", "v22.20.1", "v23.6.0", "v24.0.0", "26.3.0"})
        CHECK(typescript_arguments(version) == Words{});
    for (const char* version : {"v22.6.0", "v22.17.9", "v23.0.0", "v23.5.9"})
        CHECK(typescript_arguments(version) == Words{"--experimental-strip-types"});
    for (const char* version : {"v20.20.2", "v22.5.9", "v18.0.0"}) CHECK_FALSE(typescript_arguments(version));
    CHECK(typescript_arguments("") == Words{});
    CHECK(typescript_arguments("nonsense") == Words{});
}

TEST_CASE("resolve: a relative interpreter is looked for in the app's directory", "[unit][ecosystem]") {
    World resolve_in;
    const std::string python = resolve_in.folder().file("shop/venv/bin/python", "#!/bin/sh\n", true);
    AppConfig app = script(resolve_in.path("run.py"));
    app.cwd = "shop";
    app.interpreter = "venv/bin/python";
    CHECK(resolve_in(app).interpreter == python);
    app.interpreter = "../shop/venv/bin/python";
    CHECK(resolve_in(app).interpreter == python);
    app.interpreter = "./shop/venv/bin/python";  // from the shell's directory
    CHECK(resolve_in.error(app).message ==
          "Interpreter " + resolve_in.path("shop/shop/venv/bin/python") + " is NOT AVAILABLE in PATH.");
}

TEST_CASE("resolve: an interpreter that is not installed is an error", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    app.interpreter = "ruby";
    CHECK(resolve_in.error(app).code == ErrorCode::Unavailable);
    CHECK(resolve_in.error(app).message == "Interpreter ruby is NOT AVAILABLE in PATH.");
    app.interpreter = "/none/ruby";
    CHECK(resolve_in.error(app).message == "Interpreter /none/ruby is NOT AVAILABLE in PATH.");
    app.interpreter = "node@99";
    CHECK(resolve_in.error(app).message ==
          "Interpreter node@99 is NOT AVAILABLE in PATH. NVM_DIR is not set; with nvm, `nvm install 99` "
          "installs it");
    resolve_in.remove_tool("node");
    CHECK(resolve_in.error(script("app.js")).message == "Interpreter node is NOT AVAILABLE in PATH.");
}

TEST_CASE("resolve: the newest of NVM's versions that is asked for is taken", "[unit][ecosystem]") {
    World resolve_in;
    for (const char* version : {"v20.1.0", "v20.1.10", "v20.1.9", "v20.3.0", "v2.0.0"})
        resolve_in.folder().file("nvm/versions/node/" + std::string(version) + "/bin/node", "", true);
    // Begun, or broken off.
    resolve_in.folder().file("nvm/versions/node/v20.4.0/README.md", "");
    set_variable(resolve_in.context().env, "NVM_DIR", resolve_in.path("nvm"));
    AppConfig app = script("app.js");
    const auto taken = [&](const std::string& interpreter) {
        app.interpreter = interpreter;
        return resolve_in(app).interpreter;
    };
    const auto binary = [&](const std::string& version) {
        return resolve_in.path("nvm/versions/node/" + version + "/bin/node");
    };
    CHECK(taken("node@20.1.0") == binary("v20.1.0"));
    CHECK(taken("node@v20.1.0") == binary("v20.1.0"));
    CHECK(taken("node@20.1") == binary("v20.1.10"));
    CHECK(taken("node@20") == binary("v20.3.0"));
    CHECK(taken("node@2") == binary("v2.0.0"));
    for (const char* missing : {"18", "20.4", "20.1.0.0", "", "x", "../../x", "20."}) {
        INFO(missing);
        app.interpreter = "node@" + std::string(missing);
        CHECK(resolve_in.error(app).message ==
              "Interpreter node@" + std::string(missing) +
                  " is NOT AVAILABLE in PATH. There is no such version in '" +
                  resolve_in.path("nvm/versions/node") + "'; `nvm install " + missing + "` installs it");
    }
}

TEST_CASE("resolve: without a name it is the script's or the folder's", "[unit][ecosystem]") {
    const auto name = [](const char* path) { return name_of(script(path)); };
    CHECK(name("dir/app.min.js") == "app.min");
    CHECK(name("./dir/") == "dir");
    CHECK(name("/srv/pack.d//") == "pack");
    CHECK(name(".hidden") == ".hidden");
    CHECK(name("node ./dir/index.js --x") == "index");
    CHECK(name("/") == "");
    AppConfig named = script("./dir/");
    named.name = "given.js";
    CHECK(name_of(named) == "given.js");
    const World resolve_in;
    resolve_in.folder().file("pack/index.js", "");
    CHECK(resolve_in(script("./pack/")).name == "pack");
    CHECK(resolve_in(script("./pack/")).script == resolve_in.path("pack"));
}

TEST_CASE("resolve: a map beside the script of a Node app switches source maps on", "[unit][ecosystem]") {
    const World resolve_in;
    resolve_in.folder().file("app.js.map", "{}");
    resolve_in.folder().file("run.py.map", "{}");
    resolve_in.folder().file("other.js", "");
    CHECK(resolve_in(script("app.js")).source_map_support == true);
    CHECK(resolve_in(script("other.js")).source_map_support == std::nullopt);
    CHECK(resolve_in(script("run.py")).source_map_support == std::nullopt);
    AppConfig app = script("app.js");
    app.source_map_support = false;
    CHECK(resolve_in(app).source_map_support == false);
    app = script("app.js");
    app.disable_source_map_support = true;
    CHECK(resolve_in(app).source_map_support == std::nullopt);
}

TEST_CASE("resolve: paths start at cwd, which starts at the shell's", "[unit][ecosystem]") {
    const World resolve_in;
    resolve_in.folder().file("sub/x.js", "");
    AppConfig app = script("./x.js");
    app.cwd = "sub";
    app.out_file = "logs/o.log";
    app.error_file = "~/e.log";
    app.log_file = true;
    app.pid_file = "../x.pid";
    const AppConfig resolved = resolve_in(app);
    CHECK(resolved.script == resolve_in.path("sub/x.js"));
    CHECK(resolved.cwd == resolve_in.path("sub"));
    CHECK(*find_variable(resolved.env, "PWD") == resolve_in.path("sub"));
    CHECK(resolved.out_file == resolve_in.path("sub/logs/o.log"));
    CHECK(resolved.error_file == "/home/ann/e.log");
    CHECK(resolved.log_file == Selection("/h/logs/x.log"));
    CHECK(resolved.pid_file == resolve_in.path("x.pid"));
}

TEST_CASE("resolve: a cwd that is no folder is told before the script", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("x.js");
    app.cwd = "none";
    CHECK(resolve_in.error(app).message == "cannot start 'x': cannot change to directory '" +
                                               resolve_in.path("none") + "': No such file or directory");
    app.cwd = "app.js";
    CHECK(resolve_in.error(app).message == "cannot start 'x': cannot change to directory '" +
                                               resolve_in.path("app.js") + "': Not a directory");
}

TEST_CASE("resolve: names are made safe for files, and logs can be off", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    app.name = "my_app/x";
    app.error_file = "NULL";
    const AppConfig resolved = resolve_in(app);
    CHECK(resolved.name == "my_app/x");
    CHECK(resolved.out_file == "/h/logs/my-app-x-out.log");
    CHECK(resolved.error_file == "NULL");
}

TEST_CASE("resolve: time is a date format, a given format wins", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    app.time = true;
    CHECK(resolve_in(app).log_date_format == "YYYY-MM-DDTHH:mm:ss");
    app.log_date_format = "HH";
    CHECK(resolve_in(app).log_date_format == "HH");
}

TEST_CASE("resolve: variables are merged shell, env, env of the name, port", "[unit][ecosystem]") {
    World resolve_in;
    resolve_in.context().env_name = "production";
    resolve_in.context().from_file = true;
    AppConfig app = script("run.py");
    app.env = {{"HOME", "/srv"}, {"A", "1"}, {"B", "1"}};
    app.env_blocks = {{"production", {{"B", "2"}}}, {"staging", {{"B", "3"}}}};
    app.port = 8080;
    app.append_env_to_name = true;
    const AppConfig resolved = resolve_in(app);
    CHECK(*find_variable(resolved.env, "HOME") == "/srv");
    CHECK(*find_variable(resolved.env, "A") == "1");
    CHECK(*find_variable(resolved.env, "B") == "2");
    CHECK(*find_variable(resolved.env, "PORT") == "8080");
    CHECK(*find_variable(resolved.env, "PYTHONUNBUFFERED") == "1");
    CHECK(*find_variable(resolved.env, "PM2_JSON_PROCESSING") == "true");
    CHECK(resolved.name == "run-production");
    CHECK(*find_variable(resolved.env, "run-production") == "{}");
    CHECK(resolved.env_blocks == app.env_blocks);
}

TEST_CASE("resolve: of two variables of one name the later source wins", "[unit][ecosystem]") {
    World resolve_in;
    resolve_in.folder().file("sub/one.env", "A=one\nB=one\nC=one\nD=one\nE=one\nHOME=/one\n");
    resolve_in.folder().file("two.env", "B=two\nC=two\nD=two\nE=two\n");
    resolve_in.folder().file("sub/app.js", "");
    AppConfig app = script("app.js");
    app.cwd = "sub";
    app.env_file = {"one.env", "../two.env"};
    app.env = {{"C", "env"}, {"D", "env"}, {"E", "env"}};
    app.env_blocks = {{"production", {{"E", "block"}}}};
    resolve_in.context().env_name = "production";
    resolve_in.context().deploy_env = {{"D", "deploy"}, {"E", "deploy"}};
    auto resolved = resolve(app, resolve_in.context());
    if (!resolved) FAIL(resolved.error().message);
    const Environment declared{{"A", "one"},    {"B", "two"},   {"C", "env"},
                               {"D", "deploy"}, {"E", "block"}, {"HOME", "/one"}};
    CHECK(resolved->declared == declared);
    for (const EnvVar& variable : declared)
        CHECK(*find_variable(resolved->config.env, variable.name) == variable.value);
    CHECK(resolved->config.env_file ==
          std::vector<std::string>{resolve_in.path("sub/one.env"), resolve_in.path("two.env")});
}

TEST_CASE("resolve: a file of variables that cannot be read is an error", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    app.env_file = {"none.env"};
    CHECK(resolve_in.error(app).message ==
          "cannot open '" + resolve_in.path("none.env") + "': No such file or directory");
    app.env_file = {resolve_in.folder().file("bad.env", "A=1\nnonsense\n")};
    CHECK(resolve_in.error(app).message ==
          resolve_in.path("bad.env") + ":2: expected '=' after 'nonsense', found the end of the line");
}

TEST_CASE("resolve: an env name that the app does not have is a warning", "[unit][ecosystem]") {
    World world;
    world.context().env_name = "prod";
    auto app = resolve(script("app.js"), world.context());
    REQUIRE(app);
    CHECK(app->warnings == std::vector<std::string>{"Environment [prod] is not defined in process file"});
}

TEST_CASE("resolve: variables of the shell can be filtered", "[unit][ecosystem]") {
    const World resolve_in;
    AppConfig app = script("app.js");
    const auto has_secret = [&] { return find_variable(resolve_in(app).env, "SECRET_KEY") != nullptr; };
    CHECK(has_secret());
    app.filter_env = std::vector<std::string>{"SECRET"};
    CHECK_FALSE(has_secret());
    app.filter_env = std::string("SECRET");
    CHECK(has_secret());
    app.filter_env = std::string("SECRET_KEY");
    CHECK_FALSE(has_secret());
    app.filter_env = true;
    CHECK_FALSE(has_secret());
    CHECK(find_variable(resolve_in(app).env, "PATH") != nullptr);
    app.env = {{"SECRET_KEY", "own"}};
    CHECK(has_secret());
}

TEST_CASE("resolve: a shell inside a managed app does not pass that app's attributes on",
          "[unit][ecosystem]") {
    World resolve_in;
    merge_environment(resolve_in.context().env,
                      {{"name", "outer"}, {"pm_exec_path", "/o"}, {"exit_code", "1"}});
    CHECK(find_variable(resolve_in(script("app.js")).env, "name") != nullptr);
    set_variable(resolve_in.context().env, "pm_id", "3");
    const AppConfig app = resolve_in(script("app.js"));
    for (const char* variable : {"name", "pm_exec_path", "exit_code", "pm_id"}) {
        INFO(variable);
        CHECK(find_variable(app.env, variable) == nullptr);
    }
    CHECK(find_variable(app.env, "HOME") != nullptr);
}

TEST_CASE("resolve: what describes an outer app is left out of a shell's variables", "[unit][ecosystem]") {
    const Environment shell{{"A", "1"}, {"name", "x"}, {"pm_exec_path", "/x"}, {"failure", "no"}};
    CHECK(without_outer_app(shell) == shell);
    Environment inside = shell;
    set_variable(inside, "pm_id", "3");
    set_variable(inside, "PM2_HOME", "/h");
    CHECK(without_outer_app(inside) == Environment{{"A", "1"}, {"PM2_HOME", "/h"}});
}

TEST_CASE("resolve: a program of npm is run by Node when it is to be a cluster", "[unit][ecosystem]") {
    const World resolve_in;
    resolve_in.folder().file("next", "#!/usr/bin/env node\n1\n", true);
    resolve_in.folder().file("flags", "#!/usr/bin/env -S node --no-warnings\n1\n", true);
    AppConfig app = script("next");
    CHECK(resolve_in(app).interpreter == "none");
    app.instances = 2;
    CHECK(resolve_in(app).interpreter == "node");
    CHECK(resolve_in(app).exec_mode == ExecMode::Cluster);
    app.execute_command = true;
    CHECK(resolve_in(app).interpreter == "none");
    app = script("next");
    app.exec_mode = ExecMode::Cluster;
    CHECK(resolve_in(app).interpreter == "node");
    app.listen = {"3000"};
    CHECK(resolve_in(app).interpreter == "none");
    app = script("flags");
    app.instances = 2;
    CHECK(resolve_in(app).interpreter == "none");
}
