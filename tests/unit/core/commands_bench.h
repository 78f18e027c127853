#pragma once
// The daemon's commands over a fake world, called as a client would.

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "daemon/commands/command.h"
#include "daemon/core/rows.h"
#include "tests/support/fake_host.h"

namespace kpm::core {

struct Server {
    FakeHost host;
    Supervisor supervisor;
    std::optional<Result<Json>> answer;

    explicit Server(unsigned uid = 0)
        : supervisor(host, Settings{.home = "/home/kpm", .pid = 7, .user = "ann", .uid = uid, .cpus = 2}) {}

    void call(const char* method, Json args) {
        answer.reset();
        const Command* command = find_command(method);
        REQUIRE(command);
        supervisor.post([this, command, args = std::move(args)] {
            const Answer note = [this](Result<Json> result) {
                REQUIRE_FALSE(answer);
                answer = std::move(result);
            };
            const TextAnswer parse = [note](const std::string& text) { note(Json::parse(text)); };
            // Not call(): what a command throws is for the test to see.
            if (command->text) return command->text(supervisor, args, parse);
            command->run(supervisor, args, note);
        });
        supervisor.drain();
    }
    void happen(Event event) {
        supervisor.post(host.last(), std::move(event));
        supervisor.drain();
    }
    std::string error() const { return answer && !*answer ? answer->error().message : ""; }
    const Json& value() const { return **answer; }
};

// What PM2's CLI sends for `pm2 start http.js`.
inline Json wire() {
    return {{"name", "http"},
            {"namespace", "default"},
            {"args", {"--foo"}},
            {"env", {{"PATH", "/bin"}, {"LANG", "C"}}},
            {"pm_exec_path", "/a/http.js"},
            {"pm_cwd", "/a"},
            {"exec_interpreter", "node"},
            {"exec_mode", "fork_mode"},
            {"instances", 1},
            {"merge_logs", true},
            {"pm_out_log_path", "/l/http-out.log"},
            {"pm_err_log_path", "/l/http-error.log"},
            {"pm_pid_path", "/p/http.pid"},
            {"km_link", false}};
}

inline void start(Server& server, Json config) {
    server.call("prepare", Json::array({std::move(config)}));
    server.happen(Spawned{10});
}

}  // namespace kpm::core
