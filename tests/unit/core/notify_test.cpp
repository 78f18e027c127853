// NOTIFY_SOCKET as the supervisor sees it: what apps are told of it, and what their notifications do.
#include <catch2/catch.hpp>
#include <csignal>

#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

struct NotifyBench : Bench {
    void tell(const AppKey& key, const Notification& notification) {
        run([&] { supervisor.take_notification(key, notification); });
    }
    void tell(const Notification& notification) { tell(host.last(), notification); }
    std::string shown_status() { return pm2_env(*supervisor.find(0)).value("status_text", "none"); }
    // The value of a variable that the newest process was started with; nullopt = it has none.
    std::optional<std::string> variable(const std::string& name) {
        for (const std::string& line : host.specs.at(host.last().incarnation).env)
            if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
        return std::nullopt;
    }
};

ecosystem::AppConfig watched() {
    ecosystem::AppConfig config = forked();
    config.watchdog = 5s;
    return config;
}

ecosystem::AppConfig waiting() {
    ecosystem::AppConfig config = forked();
    config.wait_ready = true;
    return config;
}

}  // namespace

TEST_CASE("notify: each app finds the socket, and its watchdog if it has one", "[unit][supervisor][notify]") {
    NotifyBench plain;
    plain.add(forked());
    CHECK(plain.variable("NOTIFY_SOCKET") == "/home/kpm/notify");
    CHECK_FALSE(plain.variable("WATCHDOG_USEC"));
    CHECK_FALSE(plain.variable("WATCHDOG_PID"));
    NotifyBench dog;
    dog.add(watched());
    CHECK(dog.variable("WATCHDOG_USEC") == "5000000");
    CHECK(dog.variable("WATCHDOG_PID") == "");  // the keeper fills it in
}

TEST_CASE("notify: another supervisor's socket and watchdog do not reach the app",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    ecosystem::AppConfig config = forked();
    config.env = {{"NOTIFY_SOCKET", "/run/systemd/notify"}, {"WATCHDOG_USEC", "1"}, {"WATCHDOG_PID", "1"}};
    bench.add(config);
    CHECK(bench.variable("NOTIFY_SOCKET") == "/home/kpm/notify");
    CHECK_FALSE(bench.variable("WATCHDOG_USEC"));
    CHECK_FALSE(bench.variable("WATCHDOG_PID"));
}

TEST_CASE("notify: without a socket there is neither variable nor watchdog", "[unit][supervisor][notify]") {
    FakeHost host;
    Supervisor supervisor(host, Settings{.home = "/home/kpm"});
    supervisor.post([&] { supervisor.add({.config = watched(), .unique_id = "u"}, [](auto) {}); });
    supervisor.drain();
    supervisor.post(host.last(), Spawned{10});
    supervisor.drain();
    for (const std::string& line : host.specs.at(1).env) {
        CHECK_FALSE(line.starts_with("NOTIFY_SOCKET="));
        CHECK_FALSE(line.starts_with("WATCHDOG_USEC="));
    }
    CHECK_FALSE(host.wake);
}

TEST_CASE("notify: READY=1 ends the wait of wait_ready", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(waiting());
    bench.happen(Spawned{10});
    bench.tell({.status = "loading"});
    CHECK(bench.state() == State::Starting);
    CHECK_FALSE(bench.answer);
    bench.tell({.is_ready = true});
    CHECK(bench.state() == State::Online);
    REQUIRE(bench.answer);
    CHECK(bench.answer->has_value());
}

TEST_CASE("notify: a start may be prolonged, and fails when it is not ready then",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(waiting());
    bench.happen(Spawned{10});
    bench.tell({.more_time = 10s});
    bench.pass(9s);
    CHECK_FALSE(bench.answer);
    bench.pass(1s);
    CHECK(bench.error().find("not ready") != std::string::npos);
}

TEST_CASE("notify: READY=1 of a reload's new process lets it take over", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(clustered());
    bench.happen(Spawned{10});
    bench.tell({.is_ready = true, .status = "old"});
    const AppKey old = bench.host.last();
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    const AppKey fresh = bench.host.last();
    REQUIRE(fresh != old);
    CHECK(bench.shown_status() == "old");
    CHECK_FALSE(bench.variable("status_text"));
    bench.happen(Spawned{11});
    bench.tell(fresh, {.status = "new"});
    CHECK(bench.shown_status() == "old");
    bench.tell(old, {.status = "still here"});
    CHECK(bench.shown_status() == "still here");
    CHECK(bench.supervisor.find(0)->incoming);
    bench.tell(fresh, {.is_ready = true});
    CHECK(bench.supervisor.find(0)->current.incarnation == fresh.incarnation);
    bench.tell(old, {.status = "draining"});
    CHECK(bench.shown_status() == "new");
}

TEST_CASE("notify: the status is shown, recorded, and forgotten with the process",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    CHECK(bench.shown_status() == "none");
    bench.tell({.status = "serving 3 clients"});
    CHECK(bench.shown_status() == "serving 3 clients");
    CHECK_FALSE(dump_entry(*bench.supervisor.find(0)).contains("status_text"));

    FakeHost next_host;
    next_host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(next_host, Settings{.home = "/home/kpm", .notify_socket = "/home/kpm/notify"});
    next.restore(bench.host.state);
    CHECK(next.find(0)->told->status_text == "serving 3 clients");

    bench.tell({.status = ""});
    CHECK(bench.shown_status() == "none");
    bench.tell({.status = "again"});
    bench.happen(Exited{1, 0});
    CHECK(bench.shown_status() == "none");
    CHECK_FALSE(bench.variable("status_text"));
}

TEST_CASE("notify: what an earlier process of the app says is not heard", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(waiting());
    const AppKey first = bench.host.last();
    bench.happen(Spawned{10});
    bench.happen(Exited{1, 0});
    bench.happen(Spawned{11});
    bench.tell(first, {.is_ready = true, .status = "ghost"});
    CHECK(bench.state() == State::Starting);
    CHECK(bench.shown_status() == "none");
}

TEST_CASE("notify: STOPPING=1 is known when the exit that follows is handled", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    const AppKey key = bench.host.last();
    // Both in one turn, as the host tells them.
    bench.supervisor.post([&] { bench.supervisor.take_notification(key, {.is_stopping = true}); });
    bench.supervisor.post(key, Exited{0, 0});
    bench.supervisor.drain();
    CHECK(bench.supervisor.find(0)->current.life.data().history.early_exits.empty());
    CHECK(bench.state() == State::Backoff);
}

TEST_CASE("notify: a silent app is aborted, its tree killed, and it is started again",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(watched());
    bench.happen(Spawned{10});
    bench.host.take();
    bench.pass(4s);
    bench.tell({.watchdog = Notification::Watchdog::Ping});
    bench.pass(4s);
    CHECK(bench.host.take().empty());
    bench.pass(1s);
    CHECK(bench.host.take() == Lines{"signal-root 0/1 6", "signal 0/1 0"});
    CHECK(bench.host.logged.back() == "App [web:0] did not send WATCHDOG=1 for 5000 ms");
    bench.pass(1600ms);
    CHECK(bench.host.take() == Lines{"signal 0/1 9"});
    bench.happen(Exited{std::nullopt, SIGKILL});
    bench.happen(TreeGone{});
    CHECK(bench.host.take() == Lines{"release 0/1", "spawn 0/2 web"});
    CHECK(bench.supervisor.find(0)->current.life.data().restart_time == 1);
}

TEST_CASE("notify: WATCHDOG=trigger aborts at once, WATCHDOG_USEC changes the interval",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(watched());
    bench.happen(Spawned{10});
    bench.tell({.interval = 60s});
    bench.host.take();
    bench.pass(59s);
    CHECK(bench.host.take().empty());
    bench.tell({.watchdog = Notification::Watchdog::Trip});
    CHECK(bench.host.take() == Lines{"signal-root 0/1 6", "signal 0/1 0"});
    CHECK(bench.host.logged.back() == "App [web:0] sent WATCHDOG=trigger");
}

TEST_CASE("notify: an aborted app is not asked to shut down by a message", "[unit][supervisor][notify]") {
    NotifyBench bench;
    ecosystem::AppConfig config = watched();
    config.shutdown_with_message = true;
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.pass(5s);
    CHECK(bench.host.take() == Lines{"signal-root 0/1 6", "signal 0/1 0"});
}

TEST_CASE("notify: pings are not recorded, nor does anything wake the daemon without a watchdog",
          "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(forked());
    bench.happen(Spawned{10});
    CHECK_FALSE(bench.host.wake);
    bench.host.state.clear();
    bench.tell({.watchdog = Notification::Watchdog::Ping});
    CHECK_FALSE(bench.host.wake);
    CHECK(bench.host.state.empty());
}

TEST_CASE("notify: the next daemon watches from its own start on", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(watched());
    bench.happen(Spawned{10});

    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    host.advance(1h);  // long after the deadline that is on record
    Supervisor next(host, Settings{.home = "/home/kpm", .notify_socket = "/home/kpm/notify"});
    next.restore(bench.host.state);
    next.drain();
    host.take();
    host.advance(4999ms);
    next.drain();
    CHECK(host.take().empty());
    host.advance(1ms);
    next.drain();
    CHECK(host.take() == Lines{"signal-root 0/1 6", "signal 0/1 0"});
}

TEST_CASE("notify: the next daemon goes on with an abortion", "[unit][supervisor][notify]") {
    NotifyBench bench;
    bench.add(watched());
    bench.happen(Spawned{10});
    bench.pass(5s);

    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{.home = "/home/kpm", .notify_socket = "/home/kpm/notify"});
    next.restore(bench.host.state);
    CHECK(host.take() == Lines{"adopt 0/1", "signal-root 0/1 6", "signal 0/1 0"});
    next.post({0, 1}, Exited{std::nullopt, SIGABRT});
    next.post({0, 1}, TreeGone{});
    next.drain();
    CHECK(next.find(0)->current.life.state() == State::Spawning);
    CHECK(next.find(0)->current.life.data().restart_time == 1);
}
