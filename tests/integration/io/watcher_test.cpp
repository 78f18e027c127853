// The watcher on real files: what is a change, and how often it is reported.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/io/timer.h"
#include "ipc/base/unique_fd.h"
#include "tests/integration/io/watch_fixture.h"

using namespace kpm;
using namespace kpm::io;

TEST_CASE("watcher: what was there before is not reported", "[integration][io][watch]") {
    Watched app;
    app.start();
    app.expect_nothing();
    CHECK(app.watcher->number_of_watches() == 3);  // the ignored directories cost nothing
}

TEST_CASE("watcher: an edit in place, a touch, a new and a removed file are changes",
          "[integration][io][watch]") {
    Watched app;
    app.start();
    app.write("src/lib/a.js", "other");
    app.expect("src/lib/a.js");
    touch(app.in("server.js"));
    app.expect("server.js");
    app.write("src/b.js");
    app.expect("src/b.js");
    fs::remove(app.in("src/b.js"));
    app.expect("src/b.js");
    fs::rename(app.in("server.js"), app.in("main.js"));
    app.expect("server.js");
}

TEST_CASE("watcher: access, modes and opening for writing are no changes", "[integration][io][watch]") {
    Watched app;
    const auto old = fs::file_time_type::clock::now() - 1h;
    fs::last_write_time(app.in("server.js"), old);
    app.start();
    std::string text;
    std::ifstream(app.in("server.js")) >> text;
    fs::permissions(app.in("server.js"), fs::perms::owner_all);
    { const UniqueFd opened(::open(app.in("server.js").c_str(), O_RDWR | O_CLOEXEC)); }
    fs::permissions(app.in("src"), fs::perms::owner_all);
    app.expect_nothing();
}

TEST_CASE("watcher: a save by rename is one change, and the next one too", "[integration][io][watch]") {
    Watched app;
    app.start({.ignore = {"*.tmp"}});
    for (int i = 0; i < 3; ++i) {
        app.write("server.js.tmp");
        fs::rename(app.in("server.js.tmp"), app.in("server.js"));
        app.expect("server.js");
    }
}

TEST_CASE("watcher: new directories are watched, however deep and fast they come",
          "[integration][io][watch]") {
    Watched app;
    app.start();
    fs::create_directories(app.in("new/a/b/c"));
    app.write("new/a/b/c/first.js");
    app.expect("new");
    app.write("new/a/b/c/second.js");
    app.expect("new/a/b/c/second.js");
    CHECK(app.watcher->number_of_watches() == 7);
}

TEST_CASE("watcher: moved directories are known by their new path, removed ones are dropped",
          "[integration][io][watch]") {
    Watched app;
    app.start();
    fs::rename(app.in("src"), app.in("source"));
    app.expect("src");
    app.write("source/lib/a.js", "other");
    app.expect("source/lib/a.js");
    fs::rename(app.in("source"), app.elsewhere.path() / "source");
    app.expect("source");
    CHECK(app.watcher->number_of_watches() == 1);
    std::ofstream(app.elsewhere.path() / "source/lib/a.js") << "unseen";
    app.expect_nothing();
    fs::rename(app.elsewhere.path() / "source", app.in("back"));
    app.expect("back");
    fs::remove_all(app.in("back"));
    REQUIRE(run_until(app.loop, [&] { return app.watcher->number_of_watches() == 1; }));
    REQUIRE(run_until(app.loop, [&] { return !app.changes.empty(); }));
}

TEST_CASE("watcher: ignored paths are not reported", "[integration][io][watch]") {
    Watched app;
    app.start({.ignore = {"node_modules", "*.txt", "data/**"}});
    fs::create_directories(app.in("data/cache"));
    app.write("data/cache/x");
    app.write("notes.txt");
    app.write("node_modules/x/index.js", "other");
    app.expect_nothing();
    app.write(".env");
    app.expect(".env");
}

TEST_CASE("watcher: a burst is one report of its first path", "[integration][io][watch]") {
    Watched app;
    app.start({.delay = 300ms});
    for (int i = 0; i < 200; ++i) {
        app.write("src/file" + std::to_string(i) + ".js");
        app.loop.run_ready();
    }
    app.expect("src/file0.js");
}

TEST_CASE("watcher: what never rests is reported all the same", "[integration][io][watch]") {
    Watched app;
    app.start();
    Timer writing(app.loop, [&] { app.write("server.js", "more"); });
    writing.start(0ms, 10ms);
    CHECK(run_until(app.loop, [&] { return app.changes.size() >= 2; }));
}

TEST_CASE("watcher: folders that lie too deep are not entered, old or new", "[integration][io][watch]") {
    Watched app;
    app.start({.depth = 1});
    app.write("src/lib/a.js", "deep");
    app.expect_nothing();
    app.write("src/b.js");
    app.expect("src/b.js");
    fs::create_directories(app.in("new/deep"));
    app.expect_some("new");
    app.write("new/deep/a.js");
    app.expect_nothing();
    app.write("new/a.js");
    app.expect("new/a.js");
    app.start({.depth = 0});
    app.write("src/b.js", "deep");
    app.expect_nothing();
    app.write("server.js", "other");
    app.expect("server.js");
    app.start({.roots = {"src/lib"}, .depth = 0});
    app.write("src/lib/a.js", "a root");
    app.expect("src/lib/a.js");
}

TEST_CASE("watcher: a large tree does not hold up the loop", "[integration][io][watch]") {
    Watched app;
    for (int i = 0; i < 1000; ++i) {
        const std::string folder = "big/" + std::to_string(i % 20) + "/" + std::to_string(i);
        fs::create_directories(app.in(folder));
        for (int k = 0; k < 20; ++k)
            REQUIRE(::mknod(app.in(folder + "/" + std::to_string(k)).c_str(), S_IFREG | 0600, 0) == 0);
    }
    REQUIRE(app.try_start({}).has_value());
    int ticks = 0;
    Timer tick(app.loop, [&] { ++ticks; });
    tick.start(1ms, 1ms);
    int turns = 0;
    while (app.watcher->is_scanning()) {
        app.loop.run_once();
        ++turns;
    }
    CHECK(ticks > 3);
    CHECK(turns > 3);
    CHECK(app.watcher->number_of_watches() == 3 + 1 + 20 + 1000);
    app.write("big/7/987/5", "other");
    app.expect("big/7/987/5");
    fs::remove_all(app.in("big"));
    REQUIRE(run_until(app.loop, [&] { return app.watcher->number_of_watches() == 3; }));
}

TEST_CASE(
    "watcher: after an overflow of the kernel's queue what changed is reported, and nothing is missed later",
    "[integration][io][watch]") {
    Watched app;
    fs::create_directories(app.in("noise"));
    app.start({.ignore = {"noise"}});
    const auto before = app.watcher->number_of_watches();
    std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
    int limit = 0;
    REQUIRE(limit_file >> limit);
    // The loop does not turn meanwhile. Different names, as the kernel joins equal notices.
    for (int i = 0; i < limit; ++i) {
        const std::string name = app.in("f" + std::to_string(i % 2)).string();
        ::unlink(name.c_str());
        REQUIRE(::mknod(name.c_str(), S_IFREG | 0600, 0) == 0);
    }
    fs::create_directories(app.in("late/deep"));  // its notice is lost
    fs::remove_all(app.in("src"));
    app.expect_some("f0");
    const auto is_read_again = [&] { return app.watcher->number_of_watches() == before; };
    REQUIRE(run_until(app.loop, is_read_again));  // two went, two came
    app.write("late/deep/x");
    app.expect("late/deep/x");
}

TEST_CASE("watcher: its owner may end it in its callback", "[integration][io][watch]") {
    Watched app;
    std::unique_ptr<Watcher> watcher;
    int calls = 0;
    auto inotify = Inotify::open(app.loop);
    REQUIRE(inotify.has_value());
    auto opened = Watcher::open(app.loop, **inotify,
                                {.roots = {app.cwd}, .filter = core::WatchFilter({.cwd = app.cwd})},
                                {.on_change =
                                     [&](const std::string& path) {
                                         watcher.reset();
                                         calls += path == app.in("server.js") ? 1 : 100;
                                     },
                                 .on_trouble = [](const Error&) {}});
    REQUIRE(opened.has_value());
    watcher = std::move(opened).value();
    app.write("server.js", "other");
    CHECK(run_until(app.loop, [&] { return calls != 0; }));
    CHECK(calls == 1);
    inotify->reset();
    CHECK_FALSE(app.loop.run_once());  // nothing is left on the loop
}
