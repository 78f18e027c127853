// What the watcher starts from: files, directories and links, which may go and come back.

#include <sys/resource.h>

#include <cerrno>

#include "daemon/io/inotify.h"
#include "tests/integration/io/watch_fixture.h"

using namespace kpm;
using namespace kpm::io;

TEST_CASE("watcher: a root may be a file, which may be replaced, removed and come back",
          "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {"server.js"}});
    app.write("server.js", "other");
    app.expect("server.js");
    app.write("beside.js");
    app.expect_nothing();
    for (int i = 0; i < 3; ++i) {
        app.write("new.js");
        fs::rename(app.in("new.js"), app.in("server.js"));
        app.expect("server.js");
    }
    touch(app.in("server.js"));
    app.expect("server.js");
    fs::remove(app.in("server.js"));
    app.expect("server.js");
    app.write("server.js");
    app.expect("server.js");
    app.write("server.js", "other");
    app.expect("server.js");
    CHECK(app.watcher->number_of_watches() == 1);
}

TEST_CASE("watcher: after an overflow a root that is a file is looked at, too", "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {"server.js"}});
    fs::create_directories(app.in("noise"));
    auto noise = Watcher::open(app.loop, *app.inotify,
                               {.roots = {app.in("noise")}, .filter = core::WatchFilter({.cwd = app.cwd})},
                               {.on_change = [](const std::string&) {}, .on_trouble = [](const Error&) {}});
    REQUIRE(noise.has_value());
    REQUIRE(run_until(app.loop, [&] { return !(*noise)->is_scanning(); }));
    std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
    int limit = 0;
    REQUIRE(limit_file >> limit);
    const auto flood = [&] {
        for (int i = 0; i < limit; ++i) {
            const std::string name = app.in("noise/f" + std::to_string(i % 2)).string();
            ::unlink(name.c_str());
            REQUIRE(::mknod(name.c_str(), S_IFREG | 0600, 0) == 0);
        }
    };
    SECTION("written") {
        flood();
        app.write("server.js", "other");
    }
    SECTION("replaced by one that is older") {
        app.write("old.js");
        fs::last_write_time(app.in("old.js"), fs::file_time_type::clock::now() - 24h);
        flood();
        fs::rename(app.in("old.js"), app.in("server.js"));
    }
    app.expect("server.js");
    app.write("server.js", "again");
    app.expect("server.js");
    app.write("noise/later");  // dates of files are not exact: all is known until later than the last one
    app.expect_nothing();
    flood();
    app.expect_nothing();  // what was lost the first time is not told again
    CHECK(app.watcher->number_of_watches() == 1);
}

TEST_CASE("watcher: a root directory may be replaced, removed and come back", "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {"src"}});
    fs::create_directories(app.in("next/lib"));
    fs::rename(app.in("src"), app.in("previous"));
    fs::rename(app.in("next"), app.in("src"));
    app.expect("src");
    app.write("previous/lib/a.js", "unseen");
    app.expect_nothing();
    app.write("src/lib/b.js");
    app.expect("src/lib/b.js");
    fs::remove_all(app.in("src"));
    REQUIRE(run_until(app.loop, [&] { return !app.changes.empty(); }));
    app.changes.clear();
    REQUIRE(run_until(app.loop, [&] { return app.watcher->number_of_watches() == 0; }));
    fs::create_directories(app.in("src/again"));
    app.expect("src");
    app.write("src/again/c.js");
    app.expect("src/again/c.js");
    fs::remove_all(app.in("src"));  // its inode may come again at once
    fs::create_directories(app.in("src"));
    app.expect_some("src/again/c.js");
    app.write("src/d.js");
    app.expect("src/d.js");
}

TEST_CASE("watcher: a root may be a link, which may be turned", "[integration][io][watch]") {
    Watched app;
    fs::create_directories(app.in("releases/1"));
    fs::create_directories(app.in("releases/2"));
    fs::create_directory_symlink("releases/1", app.in("current"));
    app.start({.roots = {"current"}});
    app.write("releases/1/a.js");
    app.expect("current/a.js");
    fs::create_directory_symlink("releases/2", app.in("next"));
    fs::rename(app.in("next"), app.in("current"));
    app.expect("current");
    app.write("releases/1/a.js", "unseen");
    app.expect_nothing();
    app.write("releases/2/b.js");
    app.expect("current/b.js");
}

TEST_CASE("watcher: overlapping roots report once", "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {".", "src", "src/lib/a.js", "server.js"}});
    app.write("src/lib/a.js", "other");
    app.expect("src/lib/a.js");
    app.write("server.js", "other");
    app.expect("server.js");
}

TEST_CASE("watcher: an ignored root is left alone", "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {"node_modules", "src"}});
    app.write("node_modules/x/index.js", "other");
    app.expect_nothing();
}

TEST_CASE("watcher: a root that is missing is told of and waited for, the others are watched",
          "[integration][io][watch]") {
    Watched app;
    app.start({.roots = {"server.js", "nowhere"}});
    REQUIRE(app.watcher->refused().size() == 1);
    CHECK(app.watcher->refused()[0].code == ErrorCode::NotFound);
    CHECK(app.watcher->refused()[0].message == "cannot watch '" + app.in("nowhere").string() +
                                                   "': No such file or directory; it is looked for again");
    app.write("server.js", "other");
    app.expect("server.js");
    fs::create_directories(app.in("nowhere"));
    app.expect("nowhere");
    app.write("nowhere/x.js");
    app.expect("nowhere/x.js");
}

TEST_CASE("watcher: a glob is watched from its first directory on, and nothing else there counts",
          "[integration][io][watch]") {
    Watched app;
    const std::vector<std::string> entries{"src/**/*.js", "server.js", "!src/lib/b.js"};
    app.start({.roots = {core::watch_root(app.cwd, entries[0]), "server.js"}, .targets = entries});
    app.write("src/notes.txt");
    app.write("beside.js");
    app.write("src/lib/b.js");
    app.expect_nothing();
    app.write("src/lib/a.js", "other");
    app.expect("src/lib/a.js");
    fs::create_directories(app.in("src/new"));
    app.write("src/new/c.js");
    app.expect("src/new/c.js");
    app.write("server.js", "other");
    app.expect("server.js");
}

TEST_CASE("watcher: the limits of inotify are named", "[integration][io][watch]") {
    CHECK(watch_error("/srv", ENOSPC).message ==
          "cannot watch '/srv': too many inotify watches, raise the sysctl fs.inotify.max_user_watches");
    CHECK(watch_error("/srv", ENOSPC).code == ErrorCode::Unavailable);
    Watched app;
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
    const rlimit none{.rlim_cur = 0, .rlim_max = old.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const auto opened = app.try_start({});
    ::setrlimit(RLIMIT_NOFILE, &old);
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error().message.find("fs.inotify.max_user_instances") != std::string::npos);
}
