#include <catch2/catch.hpp>

#include "daemon/core/rows.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

TEST_CASE("cron: each tick restarts the app, a stopped one too", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "*/10 * * * * *";  // every ten seconds; the fake clock begins at 1000 s
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    CHECK(bench.host.wake == bench.host.now() + 10s);
    bench.pass(9999ms);
    CHECK(bench.host.take().empty());
    bench.pass(1ms);
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.happen(Spawned{11});
    CHECK(bench.supervisor.find(0)->current.life.data().restart_time == 1);
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.host.take();
    bench.pass(10s);
    CHECK(bench.host.take() == Lines{"spawn 0/3 web"});
    bench.happen(Spawned{12});
    bench.run([&] { bench.supervisor.remove(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK_FALSE(bench.host.wake);
}

TEST_CASE("cron: a date restarts the app once", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "1970-01-01T00:17:00Z";  // the fake clock begins at 1000 s
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.pass(19'999ms);
    CHECK(bench.host.take().empty());
    bench.pass(1ms);
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.happen(Spawned{11});
    CHECK_FALSE(bench.host.wake);
    // What is over is no mistake: a dump that holds it must still start.
    CHECK(bench.supervisor.check(config));
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.run([&] { bench.supervisor.start(0, bench.done()); });
    bench.happen(Spawned{12});
    CHECK_FALSE(bench.host.wake);
}

TEST_CASE("cron: a clock that is set by much begins the schedule anew, and nothing is restarted for it",
          "[unit][supervisor]") {
    Bench bench;
    bench.host.wall_ahead = 24h * 365;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "* * * * *";  // the fake clock stands 20 s before a minute
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.host.wall_ahead += GENERATE(-24h, 24h * 365 * 50);
    bench.pass(20s);
    CHECK(bench.host.take().empty());
    bench.pass(59'999ms);
    CHECK(bench.host.take().empty());
    bench.pass(1ms);
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
}

TEST_CASE("cron: a clock that is put forward by little makes up for what it skips", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "30 0 * * *";  // the fake clock begins at 0:16:40
    bench.add(config);
    bench.happen(Spawned{10});
    bench.host.take();
    bench.host.wall_ahead += 1h;
    bench.pass(60s);
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
}

TEST_CASE("cron: a clock that is put back by little brings nothing twice", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "17 0 * * *";
    bench.add(config);
    bench.happen(Spawned{10});
    bench.pass(20s);
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.happen(Spawned{11});
    bench.host.take();
    bench.host.wall_ahead -= 30s;
    for (int i = 0; i < 3; ++i) bench.pass(60s);
    CHECK(bench.host.take().empty());
}

TEST_CASE("cron: a tick while one daemon follows the other is made up for, an old one is not",
          "[unit][supervisor]") {
    Bench first;
    ecosystem::AppConfig config = forked();
    config.cron_restart = GENERATE("17 0 * * *", "1970-01-01T00:17:00Z");  // in 20 s
    first.add(config);
    first.happen(Spawned{10});
    const auto [pause, is_due] =
        GENERATE(std::pair(10s, false), std::pair(30s, true), std::pair(600s, false));
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    host.advance(pause);
    Supervisor next(host, Settings{});
    next.restore(first.host.state);
    next.drain();
    CHECK(host.take() == (is_due ? Lines{"adopt 0/1", "signal 0/1 2"} : Lines{"adopt 0/1"}));
    if (is_due) return;
    host.advance(60s);
    next.drain();
    CHECK(host.take() == (pause == 600s ? Lines{} : Lines{"signal 0/1 2"}));
}

TEST_CASE("cron: a wrong pattern or zone is refused, and no wake-up stays", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.cron_restart = "61 * * * *";
    const auto refused = bench.supervisor.check(config);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Catch::StartsWith("cannot start 'web': Cron pattern error: "));
    config.cron_restart = "0 0 * * *";
    config.timezone = "Mars/Olympus";
    CHECK(bench.supervisor.check(config).error().message ==
          "cannot start 'web': cannot load time zone: unknown");
    config.timezone = "UTC";
    CHECK(bench.supervisor.check(config));
    bench.add(config);
    bench.happen(Spawned{10});
    CHECK(bench.host.wake == bench.host.now() + 60s);  // not the whole day: the clock may be set meanwhile
    config.cron_restart = "0";
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    CHECK_FALSE(bench.host.wake);
}

TEST_CASE("watch: globs are watched from a directory on, an empty ignore_watch is told apart from none",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.watch = std::vector<std::string>{"src/**/*.js", "src/*.ts", "!src/old"};
    bench.add(config);
    CHECK(bench.host.take() == Lines{"watch web /srv/src", "spawn 0/1 web"});
    CHECK(bench.host.watched.targets == std::vector<std::string>{"src/**/*.js", "src/*.ts", "!src/old"});
    CHECK(bench.host.watched.has_default_ignore);
    config.watch = std::vector<std::string>{"src"};
    config.ignore_watch.emplace();
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    CHECK(bench.host.watched.targets.empty());
    CHECK_FALSE(bench.host.watched.has_default_ignore);
    CHECK(bench.host.watched.follow_symlinks);
    config.extra["watch_options"] = {{"followSymlinks", false}, {"depth", 3}};
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    CHECK_FALSE(bench.host.watched.follow_symlinks);
    CHECK(bench.host.watched.depth == 3);
    CHECK(bench.host.watched.ignore.empty());
    config.ignore_watch = std::vector<std::string>{"tmp"};
    config.extra["watch_options"] = {{"ignored", {"logs", "regexp:/x/"}}};
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    CHECK(bench.host.watched.ignore == std::vector<std::string>{"logs", "regexp:/x/"});
    CHECK_FALSE(bench.host.watched.has_default_ignore);
    CHECK_FALSE(bench.host.watched.depth);
}

TEST_CASE("watch: what is refused is a warning of the app, until it works", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.watch = true;
    bench.host.watch_error = Error{ErrorCode::Unavailable, "cannot watch '/srv': no more"};
    bench.add(config);
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(0)) == Lines{"web: cannot watch '/srv': no more"});
    bench.host.watch_error.reset();
    config.watch = std::vector<std::string>{"src"};
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, config)); });
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(0)).empty());
}

TEST_CASE("watch: what turns out later to go unnoticed is shown by all its instances, until it does not",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.watch = true;
    bench.add(config);
    const auto shown = [&](int pm_id) {
        return pm2_env(*bench.supervisor.find(pm_id)).value("watch_trouble", "");
    };
    CHECK_FALSE(pm2_env(*bench.supervisor.find(0)).contains("watch_trouble"));
    bench.run([&] { bench.supervisor.watch_told({"web"}, "cannot watch '/srv/a': no more"); });
    CHECK(shown(0) == "cannot watch '/srv/a': no more");
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(0)) ==
          Lines{"web: cannot watch '/srv/a': no more"});
    CHECK_FALSE(dump_entry(*bench.supervisor.find(0)).contains("watch_trouble"));
    bench.run([&] { CHECK(bench.supervisor.duplicate(0, bench.done())); });
    CHECK(shown(1) == shown(0));
    bench.run([&] { bench.supervisor.watch_told({"web"}, "cannot watch '/srv/b': no more"); });
    CHECK(shown(1) == "cannot watch '/srv/a': no more; cannot watch '/srv/b': no more");
    bench.run([&] { bench.supervisor.watch_told({"other"}, "no"); });
    bench.run([&] { bench.supervisor.stop(1, bench.done()); });
    CHECK(shown(1) == "");
    bench.run([&] { bench.supervisor.watch_told({"web"}, ""); });
    CHECK(shown(0) == "");
}

TEST_CASE("watch: the files of all apps are kpm's own, while they are managed", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.watch = true;
    config.out_file = "/srv/A.txt";
    bench.add(config);
    const auto own = bench.host.watched.own_files;
    CHECK(own->covers("/home/kpm/logs/web-out.log"));
    CHECK(own->covers("/srv/A.txt"));
    CHECK_FALSE(own->covers("/srv/B.txt"));
    bench.host.real_paths["/srv/current/B.txt"] = "/srv/B.txt";
    ecosystem::AppConfig other = forked("other");
    other.out_file = "/srv/current/B.txt";
    other.pid_file = "/srv/b/../other.pid";
    other.log_file = std::string("/srv/all.txt");
    bench.run(
        [&] { bench.supervisor.add({.config = other, .unique_id = "v", .start = false}, bench.done()); });
    for (const char* path : {"/srv/current/B.txt", "/srv/B.txt", "/srv/other-1.pid", "/srv/all.txt"})
        CHECK(own->covers(path));
    other.log_file = false;
    bench.run([&] { CHECK(bench.supervisor.reconfigure(1, other)); });
    CHECK_FALSE(own->covers("/srv/all.txt"));
    bench.run([&] { bench.supervisor.remove(1, bench.done()); });
    CHECK_FALSE(own->covers("/srv/B.txt"));
    CHECK(own->covers("/srv/A.txt"));
}

TEST_CASE("watch: one set of watches for an app, while an instance of it is wanted", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = forked();
    config.watch = std::vector<std::string>{"src", "/etc/app.conf"};
    bench.add(config);
    CHECK(bench.host.take() == Lines{"watch web /srv/src,/etc/app.conf", "spawn 0/1 web"});
    bench.happen(Spawned{10});
    bench.run([&] { bench.supervisor.files_changed({"web"}, "/srv/src/a.js"); });
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.happen(Spawned{11});
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"unwatch web", "signal 0/2 2"});
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    bench.host.take();
    bench.run([&] { bench.supervisor.files_changed({"web"}, "/srv/src/a.js"); });  // was on its way
    CHECK(bench.host.take().empty());
    bench.run([&] { bench.supervisor.start(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"watch web /srv/src,/etc/app.conf", "spawn 0/3 web"});
}

TEST_CASE("watch: apps of one name with other files to watch have watches of their own",
          "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig one = forked(), other = forked();
    one.watch = other.watch = true;
    other.cwd = "/other";
    bench.add(one);
    bench.happen(Spawned{10});
    bench.add(other);
    bench.happen(Spawned{11});
    bench.add(one);
    bench.happen(Spawned{12});
    CHECK(bench.host.take() ==
          Lines{"watch web /srv", "spawn 0/1 web", "watch web#1 /other", "spawn 1/2 web", "spawn 2/3 web"});
    bench.run([&] { bench.supervisor.files_changed({"web", 1}, "/other/a.js"); });
    CHECK(bench.host.take() == Lines{"signal 1/2 2"});
    bench.run([&] { bench.supervisor.files_changed({"web"}, "/srv/a.js"); });
    CHECK(bench.host.take() == Lines{"signal 0/1 2", "signal 2/3 2"});
    bench.run([&] { bench.supervisor.watch_told({"web", 1}, "cannot watch '/other/a': no more"); });
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(0)).empty());
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(1)) ==
          Lines{"web: cannot watch '/other/a': no more"});

    // The first of two changes; then the other one, too.
    one.watch = std::vector<std::string>{"src"};
    bench.run([&] { CHECK(bench.supervisor.reconfigure(0, one)); });
    CHECK(bench.host.take() == Lines{"watch web#2 /srv/src"});
    bench.run([&] { CHECK(bench.supervisor.reconfigure(2, one)); });
    CHECK(bench.host.take() == Lines{"unwatch web"});
    // Alone it keeps its place.
    other.cwd = "/elsewhere";
    bench.run([&] { CHECK(bench.supervisor.reconfigure(1, other)); });
    CHECK(bench.host.take() == Lines{"watch web#1 /elsewhere"});
    CHECK(bench.supervisor.warnings(*bench.supervisor.find(1)).empty());
}

TEST_CASE("watch: without paths the working directory is watched; it goes on in the next daemon",
          "[unit][supervisor]") {
    std::map<std::string, std::string> state;
    {
        Bench first;
        ecosystem::AppConfig config = forked();
        config.watch = true;
        config.out_file = "/srv/out.txt";
        first.add(config);
        CHECK(first.host.take() == Lines{"watch web /srv", "spawn 0/1 web"});
        first.happen(Spawned{10});
        state = first.host.state;
    }
    FakeHost host;
    host.adoptable[1] = {Adopted::Kind::Alive, 10};
    Supervisor next(host, Settings{});
    next.restore(state);
    CHECK(host.take() == Lines{"watch web /srv", "adopt 0/1"});
    CHECK(host.watched.own_files->covers("/srv/out.txt"));
}
