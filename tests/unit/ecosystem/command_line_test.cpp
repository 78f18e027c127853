#include "ecosystem/command_line.h"

#include <catch2/catch.hpp>

using namespace kpm::ecosystem;

namespace {

AppConfig app(std::string interpreter) {
    AppConfig config;
    config.interpreter = std::move(interpreter);
    config.interpreter_args = {"-x"};
    config.script = "/a";
    config.args = {"1", "2 3"};
    return config;
}

}  // namespace

TEST_CASE("command line: interpreter, its arguments, script, arguments", "[unit][ecosystem]") {
    CHECK(command_line(app("bash")) == std::vector<std::string>{"bash", "-x", "/a", "1", "2 3"});
    CHECK(command_line(app("none")) == std::vector<std::string>{"/a", "1", "2 3"});
}

TEST_CASE("command line: the daemon's node options are for Node only", "[unit][ecosystem]") {
    const std::vector<std::string> options{"--inspect"};
    CHECK(command_line(app("/opt/node"), options) ==
          std::vector<std::string>{"/opt/node", "-x", "--inspect", "/a", "1", "2 3"});
    CHECK(command_line(app("ruby"), options).at(1) == "-x");
}

TEST_CASE("command line: source maps are asked for by Node's own flag", "[unit][ecosystem]") {
    AppConfig config = app("node");
    config.source_map_support = true;
    CHECK(command_line(config).at(1) == "--enable-source-maps");
    config.disable_source_map_support = true;
    CHECK(command_line(config).at(1) == "-x");
}

TEST_CASE("command line: runtimes are told by the interpreter's name", "[unit][ecosystem]") {
    CHECK(runtime_of("/usr/bin/node") == Runtime::Node);
    CHECK(runtime_of("ts-node") == Runtime::Node);
    CHECK(runtime_of("node@20") == Runtime::Node);
    CHECK(runtime_of("bun") == Runtime::Bun);
    CHECK(runtime_of("/x/deno") == Runtime::Deno);
    CHECK(runtime_of("python3") == Runtime::Other);
    CHECK(runtime_of("none") == Runtime::Other);
}
