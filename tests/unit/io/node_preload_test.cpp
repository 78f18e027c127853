// The option that has Node load a script before an app.
#include "daemon/io/node_preload.h"

#include <catch2/catch.hpp>

using kpm::io::add_require_option;
using Lines = std::vector<std::string>;

TEST_CASE("node preload: the option comes before the app's own, and one beside another", "[unit][io]") {
    Lines env{"PATH=/bin", "NODE_OPTIONS=--no-warnings", "MY_NODE_OPTIONS=x"};
    add_require_option(env, "/h/a.cjs");
    add_require_option(env, "/h/b.cjs");
    CHECK(env == Lines{"PATH=/bin", R"(NODE_OPTIONS=--require "/h/b.cjs" --require "/h/a.cjs" --no-warnings)",
                       "MY_NODE_OPTIONS=x"});
    Lines bare;
    add_require_option(bare, "/h/a.cjs");
    CHECK(bare == Lines{R"(NODE_OPTIONS=--require "/h/a.cjs")"});
}

TEST_CASE("node preload: a path with blanks and quotes is one word", "[unit][io]") {
    Lines env;
    add_require_option(env, R"(/my "home"\x/a.cjs)");
    CHECK(env == Lines{R"(NODE_OPTIONS=--require "/my \"home\"\\x/a.cjs")"});
}
