#include "cli/options.h"

#include <catch2/catch.hpp>

#include <sstream>

#include "cli/command.h"

namespace kpm::cli {
namespace {

std::vector<std::string> words(const std::string& text) {
    std::vector<std::string> result;
    std::istringstream stream(text);
    for (std::string word; stream >> word;) result.push_back(word);
    return result;
}

CommandLine read(const std::string& text) {
    auto line = read_global_options(words(text));
    REQUIRE(line);
    return *line;
}

std::string error_of(const std::string& text) {
    const auto line = read_global_options(words(text));
    return line ? "" : line.error().message;
}

constexpr OptionSpec kOwn[] = {{"raw", "--raw"}, {"lines", "--lines", Takes::Value, "n"}};

}  // namespace

TEST_CASE("options: they may stand anywhere", "[unit][cli][options]") {
    for (const char* text : {"--name web start app.js", "start --name web app.js", "start app.js --name web",
                             "start app.js -n web", "start app.js --name=web"}) {
        const CommandLine line = read(text);
        CHECK(line.command == "start");
        CHECK(line.words == std::vector<std::string>{"app.js"});
        CHECK(line.value("name") == "web");
    }
}

TEST_CASE("options: a needed value may start with a dash", "[unit][cli][options]") {
    CHECK(read("start app.js -i -1").value("instances") == "-1");
    CHECK(read("start app.js --cron=a=b").value("cron_restart") == "a=b");
    CHECK(error_of("start --name") == "option `-n --name <name>' argument missing");
}

TEST_CASE("options: --env needs a name, but for commands that take it as a switch", "[unit][cli][options]") {
    const std::vector<std::string> typed{"describe", "--env", "web"};
    auto line = read_global_options(typed);
    REQUIRE(line);
    REQUIRE(read_own_options(*line, {}, true));
    CHECK(line->has("env"));
    CHECK(line->words == std::vector<std::string>{"web"});

    line = read_global_options(typed);
    REQUIRE(line);
    REQUIRE(read_own_options(*line, {}));
    CHECK(line->value("env") == "web");
    CHECK(line->words.empty());

    line = read_global_options(std::vector<std::string>{"start", "app.json", "--env"});
    REQUIRE(line);
    const auto without_name = read_own_options(*line, {});
    REQUIRE_FALSE(without_name);
    CHECK(without_name.error().message == "option `--env <name>' argument missing");
}

TEST_CASE("options: letters may be joined", "[unit][cli][options]") {
    const CommandLine line = read("start app.js -fa");
    CHECK(line.has("force"));
    CHECK(line.has("update-env"));
}

TEST_CASE("options: an optional value takes the next word unless it has a dash", "[unit][cli][options]") {
    const CommandLine taken = read("start --watch app.js");
    CHECK(taken.words.empty());
    CHECK(taken.value("watch") == "app.js");
    const CommandLine free = read("start app.js --watch --name web");
    CHECK(free.words == std::vector<std::string>{"app.js"});
    CHECK(free.value("watch") == "");
}

TEST_CASE("options: what is not global is left to the command with the word after it",
          "[unit][cli][options]") {
    CommandLine line = read("logs --raw web --lines 5");
    CHECK(line.words.empty());
    REQUIRE(read_own_options(line, kOwn));
    CHECK(line.words == std::vector<std::string>{"web"});
    CHECK(line.has("raw"));
    CHECK(line.value("lines") == "5");

    CommandLine wrong = read("stop web --qqqqqq");
    const auto read_wrong = read_own_options(wrong, kOwn);
    REQUIRE_FALSE(read_wrong);
    CHECK(read_wrong.error().message == "unknown option `--qqqqqq'");
    CommandLine misspelt = read("logs web --lnies=5");
    const auto hint = read_own_options(misspelt, kOwn);
    REQUIRE_FALSE(hint);
    CHECK(hint.error().message == "unknown option `--lnies', did you mean --lines?");
    CommandLine far = read("stop web --json");
    const auto no_hint = read_own_options(far, {});
    REQUIRE_FALSE(no_hint);
    CHECK(no_hint.error().message == "unknown option `--json'");  // not --cron
}

TEST_CASE("options: what stands behind a command's own switch is a word in its place",
          "[unit][cli][options]") {
    const auto words_of = [](const std::string& text, std::span<const OptionSpec> own) {
        CommandLine line = read(text);
        REQUIRE(read_own_options(line, own));
        return line.words;
    };
    using Words = std::vector<std::string>;
    const auto own_of = [](const char* command) { return find_command(command)->options; };
    CHECK(words_of("serve --spa dist 8080", own_of("serve")) == Words{"dist", "8080"});
    CHECK(words_of("trigger --json web ping", own_of("trigger")) == Words{"web", "ping"});
    CHECK(words_of("deploy --json production list", own_of("deploy")) == Words{"production", "list"});
    CHECK(words_of("logs --raw web api --lines 5 db", kOwn) == Words{"web", "api", "db"});
    CHECK(words_of("logs --lines=-5 web", kOwn) == Words{"web"});

    CommandLine env = read("describe --env web api");
    REQUIRE(read_own_options(env, {}, true));
    CHECK(env.words == Words{"web", "api"});

    CommandLine missing = read("logs web --lines -n x");  // what all commands know is recognised first
    const auto refused = read_own_options(missing, kOwn);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "option `--lines <n>' argument missing");
}

TEST_CASE("options: everything after the first -- is the app's", "[unit][cli][options]") {
    const CommandLine line = read("start app.js -- --name x -- -i");
    CHECK(line.words == std::vector<std::string>{"app.js"});
    CHECK(line.app_args == std::vector<std::string>{"--name", "x", "--", "-i"});
    CHECK_FALSE(line.has("name"));
    CHECK(declared_attributes(line)["args"] == Json(line.app_args));
    CHECK(declared_attributes(read("start app.js --"))["args"] == Json::array());
    CHECK_FALSE(declared_attributes(read("start app.js")).contains("args"));
}

TEST_CASE("options: attributes come from the table of the configuration", "[unit][cli][options]") {
    const Json app = declared_attributes(read(
        "start app.js -n web -i 4 --no-autorestart --max-memory-restart 200M --watch-delay 2 --time -s"));
    CHECK(app["name"] == "web");
    CHECK(app["instances"] == "4");
    CHECK(app["autorestart"] == false);
    CHECK(app["max_memory_restart"] == "200M");
    CHECK(app["watch_delay"] == "2s");
    CHECK(app["time"] == true);
    CHECK(app.size() == 6);
}

TEST_CASE("options: a repeated list option collects", "[unit][cli][options]") {
    CHECK(declared_attributes(read("start app.js --watch src --watch lib"))["watch"] == Json({"src", "lib"}));
    CHECK(declared_attributes(read("start app.js --watch"))["watch"] == true);
    CHECK(declared_attributes(read("start app.js --watch src"))["watch"] == Json::array({"src"}));  // as PM2
    CHECK(declared_attributes(read("start app.js --log all.log"))["log_file"] == "all.log");
}

TEST_CASE("options: no two have the same flag", "[unit][cli][options]") {
    std::vector<std::string> seen;
    for (const OptionSpec& option : global_options()) {
        std::string flags(option.flags);
        std::ranges::replace(flags, ',', ' ');
        for (const std::string& flag : words(flags)) {
            INFO(flag);
            CHECK(std::ranges::find(seen, flag) == seen.end());
            seen.push_back(flag);
        }
    }
    CHECK(seen.size() > 60);
}

}  // namespace kpm::cli
