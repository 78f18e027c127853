// Commands whose arguments are not what they should be: whoever reaches the socket may send them.
#include <catch2/catch.hpp>
#include <stdexcept>

#include "ipc/container_protocol.h"
#include "ipc/protocol.h"
#include "tests/unit/core/commands_bench.h"

using namespace kpm;
using namespace kpm::core;

namespace {

const Json kOddValues[] = {nullptr,
                           true,
                           false,
                           0,
                           1,
                           -1,
                           0.5,
                           1e300,
                           "",
                           "x",
                           "null",
                           "0",
                           18446744073709551615u,
                           Json::array(),
                           Json::object(),
                           Json::array({nullptr}),
                           {{"env", {{"current_conf", 1}}}},
                           {{"id", {{"id", 0}}}}};

// All members that some command looks at, odd ones; but it means the app "http".
Json options_with(const Json& odd) {
    Json options{{"id", 0}, {"process_id", 0}, {"pm_id", 0}, {"process_name", "http"}, {"name", "http"}};
    for (const char* key : {"signal", "force", "env", "msg", "opts", "uuid", "topic", "data", "line", "type",
                            "drain", "environment", "action_name", "manually", "pid"})
        options[key] = odd;
    return options;
}

// Those that wait for what a process does, if they have found one; and the two without an answer.
bool may_wait(std::string_view name) {
    namespace method = ipc::method;
    for (const std::string_view waiting :
         {std::string_view(method::kPrepare), std::string_view(method::kStartProcessId),
          std::string_view(method::kStopProcessId), std::string_view(method::kRestartProcessId),
          std::string_view(method::kReloadProcessId), std::string_view(method::kSoftReloadProcessId),
          std::string_view(method::kDeleteProcessId), std::string_view(method::kDuplicateProcessId),
          std::string_view(method::kStart), std::string_view(method::kRestart),
          std::string_view(method::kReload), std::string_view(method::kAwaitEnd),
          std::string_view(method::kKillMe), std::string_view(method::kNotifyKillPm2)})
        if (name == waiting) return true;
    return false;
}

void check_call(const Command& command, const Json& args) {
    Server server;
    start(server, wire());
    INFO(command.method << " " << args.dump());
    CHECK_NOTHROW(server.call(std::string(command.method).c_str(), args));
    CHECK((server.answer || may_wait(command.method)));
    CHECK_NOTHROW(server.call("getMonitorData", Json::array()));
}

}  // namespace

TEST_CASE("odd arguments: each command answers whatever it is sent", "[unit][commands]") {
    for (const Command& command : commands())
        for (const Json& odd : kOddValues) {
            check_call(command, odd);
            check_call(command, Json::array({odd}));
            check_call(command, Json::array({"restartProcessId", odd}));
            check_call(command, Json::array({options_with(odd)}));
        }
}

TEST_CASE("odd arguments: no attribute of a configuration can hurt, and what is named keeps its name",
          "[unit][commands]") {
    Server named;
    start(named, wire());
    const Json attributes = pm2_env(*named.supervisor.find(0));
    for (const auto& [key, value] : attributes.items())
        for (const Json& odd : kOddValues)
            for (const char* method : {"restartProcessId", "prepare"}) {
                Server server;
                start(server, wire());
                Json config = method == std::string_view("prepare") ? wire() : Json::object();
                config[key] = odd;
                INFO(method << " " << key << " " << odd.dump());
                CHECK_NOTHROW(server.call(
                    method, Json::array({method == std::string_view("prepare")
                                             ? config
                                             : Json{{"id", 0}, {"env", {{"current_conf", config}}}}})));
                for (const auto& [pm_id, slot] : server.supervisor.slots()) {
                    CHECK_FALSE(slot.config->name.empty());
                    CHECK_FALSE(slot.config->script.empty());
                }
                CHECK_NOTHROW(server.call("sendSignalToProcessName", Json::array({odd})));
                CHECK_NOTHROW(server.call("kpm.save", Json::array()));
            }
}

TEST_CASE("odd arguments: an app that would lose its name or its script is refused", "[unit][commands]") {
    Server server;
    start(server, wire());
    for (const auto& [attribute, what] : {std::pair{"name", "name"}, {"pm_exec_path", "script"}}) {
        const Json env{{"current_conf", {{attribute, "null"}}}};
        server.call("restartProcessId", Json::array({{{"id", 0}, {"env", env}}}));
        CHECK(server.error() == "cannot change 'http': it would have no " + std::string(what));
    }
}

TEST_CASE("odd arguments: force and drain are true or not given", "[unit][commands]") {
    Server server;
    server.host.dump = "old";
    server.call("kpm.save", Json::array({{{"force", 1}}}));
    CHECK(server.value().at("written") == false);
    CHECK(server.host.dump == "old");
}

TEST_CASE("odd arguments: a command that throws answers with an error", "[unit][commands]") {
    FakeHost host;
    Supervisor supervisor(host, Settings{});
    const Command broken{"broken",
                         [](Supervisor&, const Json&, const Answer) { throw std::runtime_error("a bug"); }};
    std::string error;
    call(
        broken, supervisor, Json::array(),
        [&](const Result<Json>& result) { error = result.error().message; }, [](const std::string&) {});
    CHECK(error == "cannot carry out 'broken': a bug");
}
