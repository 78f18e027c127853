#include "cli/complete.h"

#include <catch2/catch.hpp>

#include <algorithm>

namespace kpm::cli {
namespace {

struct Completed {
    std::vector<std::string> words;
    bool asked_for_apps = false;

    bool has(const std::string& word) const { return std::ranges::find(words, word) != words.end(); }
};

Completed completed(std::vector<std::string> line) {
    Completed result;
    line.insert(line.begin(), "kpm");
    const auto candidates = complete(line, [&] {
        result.asked_for_apps = true;
        return std::vector<Candidate>{{"web", "online"}, {"worker", "stopped"}, {"0", "web"}};
    });
    for (const Candidate& candidate : candidates) result.words.push_back(candidate.word);
    return result;
}

}  // namespace

TEST_CASE("completion: commands and aliases by their beginning", "[unit][cli][complete]") {
    CHECK(completed({"resu"}).words == std::vector<std::string>{"resurrect"});
    CHECK(completed({""}).has("start"));
    CHECK(completed({""}).has("ls"));
    CHECK(completed({"--silent", "jl"}).words == std::vector<std::string>{"jlist"});
    CHECK(completed({"nix"}).words.empty());
    CHECK(completed({"nix", ""}).words.empty());
    CHECK_FALSE(completed({""}).asked_for_apps);
    CHECK(complete({}, {}).empty());
}

TEST_CASE("completion: apps where a command takes one", "[unit][cli][complete]") {
    CHECK(completed({"stop", "w"}).words == std::vector<std::string>{"web", "worker"});
    CHECK(completed({"stop", "web", ""}).has("worker"));
    CHECK(completed({"restart", "a"}).words == std::vector<std::string>{"all"});
    CHECK(completed({"info", "we"}).has("web"));
    CHECK(completed({"logs", "--lines", "5", "we"}).has("web"));
    CHECK(completed({"sendSignal", "SIGHUP", "0"}).has("0"));
    CHECK(completed({"sendSignal", ""}).words.empty());
    CHECK(completed({"scale", "web", ""}).words.empty());
    CHECK_FALSE(completed({"ping", ""}).asked_for_apps);
}

TEST_CASE("completion: options of the program and of the command", "[unit][cli][complete]") {
    CHECK(completed({"logs", "--nos"}).words == std::vector<std::string>{"--nostream"});
    CHECK(completed({"start", "--max-memory"}).words == std::vector<std::string>{"--max-memory-restart"});
    CHECK(completed({"--vers"}).has("--version"));
    CHECK_FALSE(completed({"stop", "--"}).has("--nostream"));
    CHECK_FALSE(completed({"stop", "-"}).asked_for_apps);
}

TEST_CASE("completion: a command's own words", "[unit][cli][complete]") {
    CHECK(completed({"completion", "un"}).words == std::vector<std::string>{"uninstall"});
    CHECK(completed({"init", ""}).words == std::vector<std::string>{"simple"});
}

TEST_CASE("completion: silent where a file or any word may stand", "[unit][cli][complete]") {
    CHECK(completed({"start", "--name", "w"}).words.empty());
    CHECK(completed({"logs", "--lines", ""}).words.empty());
    CHECK(completed({"start", "app.js", "--", "-"}).words.empty());
}

}  // namespace kpm::cli
