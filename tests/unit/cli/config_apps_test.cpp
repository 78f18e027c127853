#include "cli/config_apps.h"

#include <catch2/catch.hpp>

#include "cli/dev/dev_line.h"

namespace kpm::cli {
namespace {

std::string text_of_line(std::vector<std::string> words, std::string_view command = "start") {
    const auto line = read_global_options(words);
    REQUIRE(line);
    return without_effect(*line, command, "eco.json");
}

}  // namespace

TEST_CASE("config apps: options that are for scripts are named", "[unit][cli]") {
    CHECK(text_of_line(
              {"start", "eco.json", "-i", "4", "--max-memory-restart", "300M", "--", "--port", "80"}) ==
          "--instances, --max-memory-restart and what follows -- have no effect on 'eco.json': they are for "
          "scripts");
    CHECK(text_of_line({"start", "eco.json", "-n", "a", "--name", "b"}) ==
          "--name has no effect on 'eco.json': it is for scripts");
    CHECK(text_of_line({"start", "eco.json", "--ext", "js"}) ==
          "--ext has no effect on 'eco.json': it is for scripts");
    CHECK(text_of_line({"start", "eco.json", "--"}) ==
          "what follows -- has no effect on 'eco.json': it is for scripts");
}

TEST_CASE("config apps: of what counts for a file nothing is said", "[unit][cli]") {
    CHECK(
        text_of_line({"start", "eco.json", "--env", "production", "--only", "a", "--watch", "--ignore-watch",
                      "x", "--namespace", "n", "-u", "me", "--cwd", "/", "--attach", "-s"}) == "");
    CHECK(text_of_line({"reload", "eco.json", "--force"}, "reload") == "");
    CHECK(text_of_line({"start", "eco.json", "--force"}) != "");
    // What kpm-dev adds to every start.
    const auto dev = read_dev_line(std::vector<std::string>{"eco.json"});
    REQUIRE(dev);
    CHECK(without_effect(dev->line, "start", "eco.json") == "");
}

}  // namespace kpm::cli
