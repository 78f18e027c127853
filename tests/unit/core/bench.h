#pragma once
// The supervisor over a fake world, with apps to put into it.

#include <optional>
#include <string>
#include <vector>

#include "tests/support/fake_host.h"

namespace kpm::core {

using Lines = std::vector<std::string>;

inline ecosystem::AppConfig forked(std::string name = "web") {
    ecosystem::AppConfig config;
    config.name = std::move(name);
    config.script = "/srv/app.js";
    config.interpreter = "node";
    config.cwd = "/srv";
    config.exec_mode = ecosystem::ExecMode::Fork;
    return config;
}

inline ecosystem::AppConfig clustered() {
    ecosystem::AppConfig config = forked("render");
    config.exec_mode = ecosystem::ExecMode::Cluster;
    config.listen = {"3000"};
    config.kpm_channel = true;
    config.min_ready_time = Duration{0};  // most tests are not about it
    return config;
}

// The supervisor over a fake world, and the answer of the newest request.
struct Bench {
    FakeHost host;
    Supervisor supervisor{host, Settings{.home = "/home/kpm", .notify_socket = "/home/kpm/notify"}};
    std::optional<Result<void>> answer;

    Done done() {
        answer.reset();
        return [this](Result<void> result) { answer = std::move(result); };
    }
    void run(Supervisor::Task task) {
        supervisor.post(std::move(task));
        supervisor.drain();
    }
    void happen(Event event) { happen(host.last(), std::move(event)); }
    void happen(AppKey key, Event event) {
        supervisor.post(key, std::move(event));
        supervisor.drain();
    }
    void pass(Duration time) {
        host.advance(time);
        supervisor.drain();
    }
    void add(ecosystem::AppConfig config) {
        run([&] { supervisor.add({.config = std::move(config), .unique_id = "u"}, done()); });
    }
    State state(int pm_id = 0) const { return supervisor.find(pm_id)->current.life.state(); }
    std::string error() const { return answer && !*answer ? answer->error().message : ""; }
};

// A cluster worker that is online, and its first incarnation.
inline AppKey online_worker(Bench& bench) {
    bench.add(clustered());
    bench.happen(Spawned{10});
    bench.happen(Ready{});
    bench.host.take();
    return bench.host.last();
}

}  // namespace kpm::core
