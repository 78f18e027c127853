// The watcher and symbolic links.

#include "tests/integration/io/watch_fixture.h"

using namespace kpm;
using namespace kpm::io;

TEST_CASE("watcher: kpm's own files are not reported, not through links either", "[integration][io][watch]") {
    Watched app;
    const fs::path logs = fs::canonical(app.elsewhere.path());
    fs::create_directory_symlink(logs, app.in("logs"));
    app.write("app.log");
    fs::create_symlink(app.in("app.log"), app.in("latest"));
    app.start({.ignore = {"nothing"}, .own_files = {"app.log", (logs / "err.log").string()}});
    app.write("app.log", "a line");
    std::ofstream(logs / "err.log") << "a line";
    app.write("logs/err.log", "another");
    app.expect_nothing();
    app.write("logs/other");
    app.expect("logs/other");
    // Of an app that is added while this one is watched.
    app.own_files->set(1, {(logs / "other").string()});
    app.write("logs/other", "a line");
    app.expect_nothing();
    app.own_files->forget(1);
    app.write("logs/other", "a line");
    app.expect("logs/other");
}

TEST_CASE("watcher: links are followed, once, also where they lead in a circle", "[integration][io][watch]") {
    Watched app;
    fs::create_directory_symlink("..", app.in("src/up"));
    fs::create_directory_symlink(".", app.in("src/lib/self"));
    std::ofstream(app.elsewhere.path() / "config.json") << "{}";
    fs::create_symlink(app.elsewhere.path() / "config.json", app.in("config.json"));
    app.start();
    CHECK(app.watcher->number_of_watches() == 4);
    std::ofstream(app.elsewhere.path() / "config.json") << "{\"a\": 1}";
    app.expect("config.json");
    std::ofstream(app.elsewhere.path() / "next.json") << "{\"a\": 2}";
    fs::rename(app.elsewhere.path() / "next.json", app.elsewhere.path() / "config.json");
    app.expect("config.json");
    std::ofstream(app.elsewhere.path() / "config.json") << "{\"a\": 3}";
    app.expect("config.json");
    fs::remove(app.in("config.json"));
    app.expect("config.json");
    std::ofstream(app.elsewhere.path() / "config.json") << "unseen";
    app.expect_nothing();
}

TEST_CASE("watcher: a directory stays watched when one of the ways to it goes", "[integration][io][watch]") {
    Watched app;
    app.start();
    fs::create_directories(app.elsewhere.path() / "shared/deep");
    fs::create_directory_symlink(app.elsewhere.path() / "shared", app.in("one"));
    app.expect("one");
    fs::create_directory_symlink(app.elsewhere.path() / "shared", app.in("two"));
    app.expect("two");
    fs::remove(app.in("one"));
    app.expect("one");
    std::ofstream(app.elsewhere.path() / "shared/deep/x") << "x";
    app.expect("two/deep/x");
    fs::remove(app.in("two"));
    app.expect("two");
    CHECK(app.watcher->number_of_watches() == 3);
}

TEST_CASE("watcher: links are not followed where the owner does not want it", "[integration][io][watch]") {
    Watched app;
    fs::create_directory_symlink(app.elsewhere.path(), app.in("out"));
    app.start({.follow_symlinks = false});
    std::ofstream(app.elsewhere.path() / "x") << "unseen";
    app.expect_nothing();
}
