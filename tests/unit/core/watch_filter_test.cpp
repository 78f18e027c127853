// What is ignored, case by case. The expectations of the table were produced by chokidar 3.6.0 (anymatch
// 3.1.3, picomatch 2.3.2), with the options that PM2 7.0.4 gives it.

#include "daemon/core/watch_filter.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/core/glob_syntax.h"

using namespace kpm::core;

namespace {

struct Case {
    std::vector<std::string> ignore;  // empty: PM2's default
    std::string path;                 // from the working directory on
    bool is_ignored;
};

// clang-format off
const Case kCases[] = {
    {{"*.log"}, "app.log", true},
    {{"*.log"}, "logs/app.log", false},
    {{"*.log"}, "app.log.js", false},
    {{"regexp:/\\.log$/"}, "logs/app.log", true},
    {{"regexp:/\\.log$/"}, "logs/app.log.js", false},
    {{"regexp:/\\.LOG$/"}, "app.log", false},
    {{"regexp:/\\.LOG$/gi"}, "app.log", true},
    {{"regexp:/node_modules/"}, "a/node_modules/x.js", true},
    {{"regexp:/node_modules/"}, "node-modules", false},
    {{"regexp:/(^|[\\/\\\\])\\../"}, "a/.git", true},
    {{"regexp:/(^|[\\/\\\\])\\../"}, "a/git", false},
    {{"regexp:/^\\/srv\\/app\\/tmp\\//"}, "tmp/a", true},
    {{"regexp:/^\\/srv\\/app\\/tmp\\//"}, "a/tmp/a", false},
    {{"regexp:/^(?!.*\\.js$)/"}, "a.css", true},
    {{"regexp:/^(?!.*\\.js$)/"}, "a.js", false},
    {{"regexp:/a|b\\.txt$/"}, "b.txt", true},
    {{"regexp:/\\.log$/", "dist"}, "dist/a.js", true},
    {{"/node_modules/"}, "a/node_modules/x.js", false},
    {{"\\.log$"}, "app.log", false},
    {{"**/*.log"}, "logs/deep/app.log", true},
    {{"**/*.log"}, "app.log", true},
    {{"**/*.log"}, "logs/app.log/x", false},
    {{"**/*.!(*.*|js|json)"}, "a.txt", true},
    {{"**/*.!(*.*|js|json)"}, "d/a.b.txt", true},
    {{"**/*.!(*.*|js|json)"}, "a.jsx", true},
    {{"**/*.!(*.*|js|json)"}, "d/a.js", false},
    {{"**/*.!(*.*|js|json)"}, "a.test.js", false},
    {{"**/*.!(*.*|js|json)"}, "noext", false},
    {{"logs"}, "logs", true},
    {{"logs"}, "logs/a/b.txt", true},
    {{"logs"}, "logs2", false},
    {{"logs"}, "sub/logs", false},
    {{"./logs"}, "logs/a", true},
    {{"/srv/app/logs"}, "logs/a", true},
    {{"/etc/*.conf"}, "app.conf", false},
    {{"logs/*"}, "logs", false},
    {{"logs/*"}, "logs/a", true},
    {{"logs/*"}, "logs/a/b", false},
    {{"logs/**"}, "logs", true},
    {{"logs/**"}, "logs/a/b", true},
    {{"logs/**/*.txt"}, "logs/a.txt", true},
    {{"logs/**/*.txt"}, "logs/a/b/c.txt", true},
    {{"logs/**/*.txt"}, "logs/a/b/c.js", false},
    {{"**/node_modules"}, "node_modules", true},
    {{"**/node_modules"}, "a/node_modules", true},
    {{"**/node_modules"}, "a/node_modules/x.js", false},
    {{"**/node_modules/**"}, "a/node_modules/x.js", true},
    {{"**/.*"}, ".env", true},
    {{"**/.*"}, "a/.env", true},
    {{"**/.*"}, "a/env.", false},
    {{"*"}, ".env", true},
    {{"*"}, "a/b", false},
    {{"a?c.js"}, "abc.js", true},
    {{"a?c.js"}, "a/c.js", false},
    {{"a?c.js"}, "abc.js/x", true},
    {{"[ab].js"}, "a.js", true},
    {{"[ab].js"}, "c.js", false},
    {{"[ab].js"}, "[ab].js", true},
    {{"[a-c]1"}, "b1", true},
    {{"[a-c]1"}, "d1", false},
    {{"[^a].js"}, "b.js", true},
    {{"[^a].js"}, "a.js", false},
    {{"[!a].js"}, "a.js", true},
    {{"[!a].js"}, "b.js", false},
    {{"*.{js,ts}"}, "a.ts", true},
    {{"*.{js,ts}"}, "a.tsx", false},
    {{"{a,b/**}/x"}, "a/x", true},
    {{"{a,b/**}/x"}, "b/c/d/x", true},
    {{"{a}.js"}, "a.js", false},
    {{"{a}.js"}, "{a}.js", true},
    {{"f{1..3}"}, "f2", true},
    {{"f{1..3}"}, "f4", false},
    {{"!keep.js"}, "keep.js", false},
    {{"!keep.js"}, "!keep.js", true},
    {{"!(keep).js"}, "keep.js", false},
    {{"!(keep).js"}, "other.js", true},
    {{"!(a|b)"}, "b", false},
    {{"!(a|b)"}, "bc", true},
    {{"!(*.d).ts"}, "x.d.ts", false},
    {{"!(*.d).ts"}, "x.ts", true},
    {{"@(a|b).js"}, "b.js", true},
    {{"@(a|b).js"}, "ab.js", false},
    {{"+(ab)"}, "abab", true},
    {{"+(ab)"}, "aba", false},
    {{"?(x)y"}, "y", true},
    {{"*(x)y"}, "xxy", true},
    {{"(a|b).js"}, "a.js", true},
    {{"a+b"}, "a+b", true},
    {{"a+b"}, "aab", false},
    {{"tmp/**/cache"}, "tmp/cache", true},
    {{"tmp/**/cache"}, "tmp/a/b/cache", true},
    {{"a**"}, "a/b", false},
    {{"a**"}, "ab", true},
    {{"***"}, "a", true},
    {{"*/**"}, "a", false},
    {{"*/**"}, "a/b", true},
    {{"../other"}, "../other/x", true},
    {{".."}, "a", true},
    {{"[\\\\/\\\\\\\\]\\\\./"}, ".git", false},
    {{"[\\\\/\\\\\\\\]\\\\./"}, "a/.git/x", false},
    {{"[\\/\\\\]\\./"}, ".git", false},
    {{"\\.git"}, ".git", true},
    {{"\\.git"}, "git", false},
    {{"sub\\dir"}, "sub/dir/x", true},
    {{"node_modules"}, "a/node_modules", false},
    {{"a.b"}, "aXb", false},
    {{"a.b"}, "a.b", true},
    {{"a["}, "a[", true},
    {{"ü?.js"}, "üö.js", true},
    {{"*.log", "logs", "tmp/**"}, "logs/x", true},
    {{"*.log", "logs", "tmp/**"}, "x.js", false},
    {{}, ".env", true},
    {{}, "a/.git/config", true},
    {{}, "node_modules/x", true},
    {{}, "a/my_node_modules_x", true},
    {{}, "a.b/c.d", false},
    {{}, "src/a.js", false},
    {{"*.js"}, "src/.a.js.swp", true},
    {{"*.js"}, "notes.txt~", true},
    {{"*.js"}, "a.subl12.tmp", true},
};
// clang-format on

std::string text_of(const Case& one) {
    std::string text;
    for (const std::string& entry : one.ignore) text += entry + ' ';
    return text + "<- " + one.path;
}

bool is_ignored(std::vector<std::string> ignore, const std::string& path,
                const std::string& cwd = "/srv/app") {
    return WatchFilter({.cwd = cwd, .ignore = std::move(ignore)}).is_ignored(path);
}

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("watch filter: entries mean what they mean to PM2", "[unit][watch]") {
    for (const Case& one : kCases) {
        INFO(text_of(one));
        CHECK(is_ignored(one.ignore, resolve_path("/srv/app", one.path)) == one.is_ignored);
    }
}

TEST_CASE("watch filter: an empty ignore_watch ignores nothing but what editors leave", "[unit][watch]") {
    const WatchFilter filter({.cwd = "/srv/app", .ignore = {}, .has_default = false});
    CHECK_FALSE(filter.is_ignored("/srv/app/.env"));
    CHECK_FALSE(filter.is_ignored("/srv/app/node_modules/x"));
    CHECK(filter.is_ignored("/srv/app/.a.js.swp"));
}

TEST_CASE("watch filter: watch may name globs and exceptions", "[unit][watch]") {
    const WatchFilter filter(
        {.cwd = "/srv/app", .ignore = {}, .targets = {"src/**/*.js", "conf", "!src/old"}});
    CHECK(filter.is_target("/srv/app/src/a.js"));
    CHECK(filter.is_target("/srv/app/src/deep/a.js"));
    CHECK(filter.is_target("/srv/app/conf/x/y"));
    CHECK_FALSE(filter.is_target("/srv/app/src/a.txt"));
    CHECK_FALSE(filter.is_target("/srv/app/server.js"));
    CHECK(filter.is_ignored("/srv/app/src/old"));
    CHECK(filter.is_ignored("/srv/app/src/old/a.js"));
    CHECK_FALSE(filter.is_ignored("/srv/app/src/older.js"));
    CHECK(filter.is_ignored("/srv/app/conf/.git"));  // the default goes on
    CHECK(WatchFilter({.cwd = "/srv/app", .ignore = {}}).is_target("/anything"));
}

TEST_CASE("watch filter: a glob is watched from its last literal directory on", "[unit][watch]") {
    const std::string cwd = "/srv/app[1]";
    CHECK(watch_root(cwd, "src/**/*.js") == cwd + "/src");
    CHECK(watch_root(cwd, "./src/lib/*.js") == cwd + "/src/lib");
    CHECK(watch_root(cwd, "*.js") == cwd);
    CHECK(watch_root(cwd, "{src,lib}/a.js") == cwd);
    CHECK(watch_root(cwd, "../other/*.js") == "/srv/other");
    CHECK(watch_root(cwd, "/*.js") == "/");
    CHECK(watch_root(cwd, "/etc/app.conf") == "/etc/app.conf");
    CHECK(watch_root(cwd, "src") == cwd + "/src");
    CHECK(watch_root(cwd, "!src") == "");
    CHECK(is_watch_pattern("src/*.js"));
    CHECK(is_watch_pattern("!src"));
    CHECK_FALSE(is_watch_pattern("src/a.js"));
    CHECK_FALSE(is_watch_pattern("what?"));
}

TEST_CASE("watch filter: the files that kpm writes are ignored whatever the entries say", "[unit][watch]") {
    const auto own_files = std::make_shared<OwnFiles>();
    own_files->add_folder("/srv/app/run");
    own_files->set(0, {"/srv/app/out.log", "/srv/app/x.pid"});
    const WatchFilter filter({.cwd = "/srv/app", .ignore = {"tmp"}, .own_files = own_files});
    CHECK(filter.is_ignored("/srv/app/out.log"));
    CHECK(filter.is_ignored("/srv/app/run/app-0.pid"));
    CHECK(filter.is_ignored("/srv/app/x.pid"));
    CHECK_FALSE(filter.is_ignored("/srv/app/out.log.js"));
    CHECK_FALSE(filter.is_ignored("/srv/app/running"));
    own_files->set(1, {"/srv/app/b.log"});
    CHECK(filter.is_ignored("/srv/app/b.log"));
}

TEST_CASE("own files: what two have stays until both have gone", "[unit][watch]") {
    OwnFiles files;
    files.set(0, {"/a.log", "/0.pid"});
    files.set(1, {"/a.log", "/1.pid"});
    CHECK(files.covers("/a.log"));
    files.forget(0);
    CHECK(files.covers("/a.log"));
    CHECK_FALSE(files.covers("/0.pid"));
    files.set(1, {"/b.log"});
    CHECK(files.covers("/b.log"));
    CHECK_FALSE(files.covers("/a.log"));
    CHECK_FALSE(files.covers("/b.log/x"));
    files.forget(1);
    files.forget(1);
    CHECK_FALSE(files.covers("/b.log"));
}

TEST_CASE("watch filter: what is no regular expression, or costs too much, is told", "[unit][watch]") {
    const auto trouble = [](const std::string& entry) {
        const WatchFilter filter({.cwd = "/srv/app", .ignore = {"fine", entry}});
        return filter.trouble() ? filter.trouble()->message : "";
    };
    CHECK(trouble("regexp:/[a-f0-9]{8}-([a-f0-9]{4}-){3}[a-f0-9]{12}\\.tmp$/") == "");
    CHECK(trouble("regexp:/[[{99}(]\\({99}/") == "");
    CHECK(trouble("regexp:/(/") ==
          "cannot watch '/srv/app': bad ignore_watch 'regexp:/(/': "
          "Mismatched '(' and ')' in regular expression");
    CHECK(trouble("regexp:/a") == "cannot watch '/srv/app': bad ignore_watch 'regexp:/a': no second '/'");
    CHECK(trouble("regexp:/a/y") ==
          "cannot watch '/srv/app': bad ignore_watch 'regexp:/a/y': "
          "flag 'y', allowed are d, g, i, m, s, u");
    for (const char* known_to_javascript_only :
         {"regexp:/(?<=a)b/", "regexp:/(?<name>a)/", "regexp:/(a)\\1/", "regexp:/\\p{L}/u"})
        CHECK(trouble(known_to_javascript_only) != "");
    for (const std::string& dear :
         {repeated("a", 600), "(a{50}){50}" + repeated("a", 9), std::string("a{1000000000000000000000}"),
          repeated("(", 100) + repeated(")", 100), std::string("(?=(?=.*a).*b)")})
        CHECK(trouble("regexp:/" + dear + "/") != "");
}

TEST_CASE("watch filter: no regular expression takes long", "[unit][watch]") {
    const std::string path = "/srv/app/" + repeated("a", 1000) + "b";
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(is_ignored({"regexp:/(a+)+$/"}, path));
    CHECK_FALSE(is_ignored({"regexp:/(a|aa)+$/"}, path));
    CHECK_FALSE(is_ignored({"regexp:/(.*)*c/"}, path));
    CHECK_FALSE(is_ignored({"regexp:/(?:(?:(?:a*)*)*)*c/"}, path));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(10));
    CHECK_FALSE(is_ignored({"regexp:/a/"}, "/srv/app/" + repeated("a", 2000)));  // too long
}

TEST_CASE("watch filter: the name of the working directory is no pattern", "[unit][watch]") {
    CHECK(is_ignored({"*.js"}, "/srv/app[1] (copy)/a.js", "/srv/app[1] (copy)"));
    CHECK_FALSE(is_ignored({"*.js"}, "/srv/app1 (copy)/a.js", "/srv/app[1] (copy)"));
    CHECK(is_ignored({"*.js"}, "/a.js", "/"));
    CHECK(is_ignored({"*.js"}, "/srv/app/a.js", "/srv/app/"));
}

TEST_CASE("watch filter: a trailing slash is no part of a name", "[unit][watch]") {
    CHECK(is_ignored({"logs/"}, "/srv/app/logs"));
    CHECK(is_ignored({"logs/"}, "/srv/app/logs/a"));
    CHECK(is_ignored({"log*/"}, "/srv/app/logs"));
}

TEST_CASE("watch filter: the default looks only below the working directory", "[unit][watch]") {
    CHECK_FALSE(is_ignored({}, "/home/u/.config/app/server.js", "/home/u/.config/app"));
    CHECK_FALSE(is_ignored({}, "/home/u/.config/app", "/home/u/.config/app"));
    CHECK(is_ignored({}, "/home/u/.config/app/.git", "/home/u/.config/app"));
    CHECK(is_ignored({}, "/home/u/.config/other", "/home/u/.config/app"));
}

TEST_CASE("watch filter: no pattern takes long", "[unit][watch]") {
    const std::string path = "/srv/app/" + repeated("a", 2000);
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(is_ignored({repeated("*a", 50) + "b"}, path));
    CHECK_FALSE(is_ignored({repeated("**/a*", 30) + "/b"}, "/srv/app/" + repeated("a/", 500)));
    CHECK_FALSE(is_ignored({"+(+(+(+(a))))b"}, path));
    CHECK_FALSE(is_ignored({"*(*(a|aa)|*(aaa))b"}, path));
    CHECK_FALSE(is_ignored({repeated("(a|aa)+", 20) + "b"}, path));
    CHECK_FALSE(is_ignored({repeated("{a,aa}", 200) + "b"}, path));
    CHECK_FALSE(is_ignored({repeated("!(a", 40) + repeated(")", 40) + "b"}, "/srv/app/c"));
    is_ignored({repeated("(", 3000) + repeated(")", 3000)}, path);
    is_ignored({repeated("{", 3000)}, path);
    is_ignored({repeated("[", 3000)}, path);
    CHECK_FALSE(is_ignored({repeated("*", int{kMaxGlob} + 1)}, path));
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});
}

TEST_CASE("watch filter: bytes that are no UTF-8 are characters like others", "[unit][watch]") {
    CHECK(is_ignored({"a?b"},
                     "/srv/app/a\xFF"
                     "b"));
    CHECK(is_ignored({"a\xFF*"},
                     "/srv/app/a\xFF"
                     "b"));
    CHECK_FALSE(is_ignored({"a?b"},
                           "/srv/app/a\xFF\xFE"
                           "b"));
    CHECK(is_ignored({"*"}, "/srv/app/\xE2\x82"));
}

TEST_CASE("path set: a path covers what is below it", "[unit][watch]") {
    PathSet set({"/a/b", "/a", "/c/d", "/c-d"});
    CHECK(set.covers("/a"));
    CHECK(set.covers("/a/b/c"));
    CHECK_FALSE(set.covers("/ab"));
    CHECK_FALSE(set.covers("/c"));
    CHECK_FALSE(set.covers("/"));
    set.add("/");
    CHECK(set.covers("/anything"));
}

TEST_CASE("resolve path: dots and slashes go", "[unit][watch]") {
    CHECK(resolve_path("/srv/app", "a//b/./../c/") == "/srv/app/a/c");
    CHECK(resolve_path("/srv/app", "/etc") == "/etc");
    CHECK(resolve_path("/srv/app", "../../../..") == "/");
    CHECK(resolve_path("/", "a") == "/a");
    CHECK(resolve_path("/srv/app", "") == "/srv/app");
}
