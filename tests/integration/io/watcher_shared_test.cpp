// Several watchers on one instance of inotify, as kpmd has it for all watched apps.

#include "tests/integration/io/watch_fixture.h"

using namespace kpm;
using namespace kpm::io;

namespace {

// A second watcher of the fixture's folder.
struct Second {
    explicit Second(Watched& app, std::vector<std::string> ignore = {}) {
        auto opened = Watcher::open(
            app.loop, *app.inotify,
            {.roots = {app.cwd}, .filter = core::WatchFilter({.cwd = app.cwd, .ignore = std::move(ignore)})},
            {.on_change = [this](const std::string& path) { changes.push_back(path); },
             .on_trouble = [](const Error&) {}});
        REQUIRE(opened.has_value());
        watcher = std::move(opened).value();
        REQUIRE(run_until(app.loop, [&] { return !watcher->is_scanning(); }));
    }

    std::unique_ptr<Watcher> watcher;
    std::vector<std::string> changes;
};

}  // namespace

TEST_CASE("watcher: two of the same folder each hear of a change, and the end of one leaves the other",
          "[integration][io][watch]") {
    Watched app;
    app.start();
    Second second(app);
    app.write("src/lib/a.js", "other");
    app.expect("src/lib/a.js");
    CHECK(second.changes == std::vector<std::string>{app.in("src/lib/a.js")});
    second.watcher.reset();
    app.write("src/lib/a.js", "more");
    app.expect("src/lib/a.js");
    Second third(app);
    app.watcher.reset();
    app.write("server.js", "other");
    CHECK(run_until(app.loop, [&] { return !third.changes.empty(); }));
    fs::remove_all(app.in("src"));
    CHECK(run_until(app.loop, [&] { return third.watcher->number_of_watches() == 1; }));
}

TEST_CASE("watcher: a flood in the files of one does not reach another", "[integration][io][watch]") {
    Watched app;
    fs::create_directories(app.in("noise"));
    app.start({.roots = {"src", "server.js"}});
    Second flooded(app, {"src", "server.js"});
    // A notice, so that all is known at a time that is later than what the fixture has written.
    app.expect_nothing();
    app.write("noise/first");
    REQUIRE(run_until(app.loop, [&] { return !flooded.changes.empty(); }));
    flooded.changes.clear();
    std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
    int limit = 0;
    REQUIRE(limit_file >> limit);
    const auto flood = [&] {
        for (int i = 0; i < limit; ++i) {
            const std::string name = app.in("noise/" + std::to_string(i % 2)).string();
            ::unlink(name.c_str());
            REQUIRE(::mknod(name.c_str(), S_IFREG | 0600, 0) == 0);
        }
    };
    flood();
    CHECK(run_until(app.loop, [&] { return !flooded.changes.empty(); }));
    app.expect_nothing();
    // But what changes in its own files meanwhile is found, though the notice of it is lost.
    flood();
    app.write("src/lib/a.js", "other");
    app.expect("src/lib/a.js");
}
