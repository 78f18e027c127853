// What follows an app's output, live: logs in each of its forms and through every change of the daemon,
// --attach, attach.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <regex>
#include <sstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"

namespace kpm::logs_test {
using namespace test;

namespace {

// Lines that are sent to it come back: those that begin with e on stderr.
constexpr const char* kEcho =
    "echo up\nwhile read line; do case $line in e*) echo $line >&2;; *) echo $line;; esac; done\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::unique_ptr<RunningCommand> follow(const KpmHome& kpm, std::vector<std::string> words) {
    words.insert(words.begin(), (bin_dir() / "kpm").string());
    return std::make_unique<RunningCommand>(words, kpm.env(), kpm.work());
}

// Sends the line to the app again and again, until it has come.
bool brings(const KpmHome& kpm, RunningCommand& follower, const std::string& line, const std::string& shown) {
    const bool has_come = eventually([&] {
        kpm.kpm({"send", "0", line});
        return has(follower.output(), shown);
    });
    UNSCOPED_INFO(follower.output() << kpm.daemon_log());
    return has_come;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

}  // namespace

TEST_CASE("logs: live lines go on after an update, and after kill and start", "[e2e]") {
    const KpmHome kpm;
    kpm.write("echo.sh", kEcho);
    good(kpm, {"start", "echo.sh"});
    const auto logs = follow(kpm, {"logs", "--lines", "0"});
    REQUIRE(brings(kpm, *logs, "first", "0|echo  | first\n"));
    const int daemon = kpm.daemon_pid();
    good(kpm, {"update"});
    CHECK(kpm.daemon_pid() != daemon);
    CHECK(brings(kpm, *logs, "second", "0|echo  | second\n"));
    good(kpm, {"kill"});
    good(kpm, {"start", "echo.sh"});
    CHECK(brings(kpm, *logs, "third", "0|echo  | third\n"));
    CHECK(logs->end(SIGINT) == 128 + SIGINT);
}

TEST_CASE("logs: live lines in each of the forms", "[e2e]") {
    const KpmHome kpm;
    kpm.write("echo.sh", kEcho);
    good(kpm, {"start", "echo.sh"});
    const auto errors = follow(kpm, {"logs", "echo", "--lines", "0", "--err"});
    const auto output = follow(kpm, {"logs", "0", "--lines", "0", "--out"});
    const RunningCommand raw({"sh", "-c", "exec \"$1\" logs /ec/ --lines 0 --raw >raw.out 2>raw.err", "sh",
                              (bin_dir() / "kpm").string()},
                             kpm.env(), kpm.work());
    const auto stamped = follow(kpm, {"logs", "--lines", "0", "--timestamp"});
    const auto clock = follow(kpm, {"logs", "--lines", "0", "--timestamp", "HH:mm"});
    const auto json = follow(kpm, {"logs", "--json"});
    const auto fields = follow(kpm, {"logs", "--format"});
    const auto other = follow(kpm, {"logs", "other", "--lines", "0"});
    // All follow as soon as all have a line.
    const auto raw_out = [&] { return kpm.read(kpm.work() / "raw.out"); };
    const auto raw_err = [&] { return kpm.read(kpm.work() / "raw.err"); };
    REQUIRE(eventually([&] {
        kpm.kpm({"send", "0", "probe"});
        kpm.kpm({"send", "0", "eprobe"});
        return has(errors->output(), "eprobe") && has(output->output(), "probe") && has(raw_out(), "probe") &&
               has(stamped->output(), "probe") && has(clock->output(), "probe") &&
               has(json->output(), "probe") && has(fields->output(), "probe");
    }));
    good(kpm, {"send", "0", "said"});
    good(kpm, {"send", "0", "eworse"});

    CHECK(eventually([&] { return has(errors->output(), "0|echo  | eworse\n"); }));
    CHECK_FALSE(has(errors->output(), "| probe"));
    CHECK_FALSE(has(errors->output(), "said"));
    CHECK(eventually([&] { return has(output->output(), "0|echo  | said\n"); }));
    CHECK_FALSE(has(output->output(), "eprobe"));
    CHECK(eventually([&] { return raw_out().ends_with("probe\nsaid\n"); }));
    CHECK(eventually([&] { return raw_err().ends_with("eprobe\neworse\n"); }));
    CHECK_FALSE(has(raw_out(), "|"));

    const auto has_line = [](RunningCommand& follower, const char* pattern) {
        return eventually([&] {
            return std::ranges::any_of(lines_of(follower.output()), [&](const std::string& line) {
                return std::regex_match(line, std::regex(pattern));
            });
        });
    };
    CHECK(has_line(*stamped, R"(\d{4}-\d\d-\d\d-\d\d:\d\d:\d\d 0\|echo  \| said)"));
    CHECK(has_line(*clock, R"(\d\d:\d\d 0\|echo  \| eworse)"));
    CHECK(has_line(*fields, R"(timestamp=\S+ app=echo id=0 type=error message=eworse)"));

    good(kpm, {"restart", "echo"});
    CHECK(eventually([&] { return has(json->output(), R"("status":"restart")"); }));
    Json said, restarted;
    for (const std::string& line : lines_of(json->output())) {
        const Json entry = Json::parse(line, nullptr, false);
        INFO(line);
        REQUIRE(entry.is_object());
        CHECK(entry["timestamp"].get<std::string>().ends_with("Z"));
        if (entry.value("message", "") == "said") said = entry;
        if (entry.value("status", "") == "restart") restarted = entry;
    }
    CHECK(said["type"] == "out");
    CHECK(said["process_id"] == 0);
    CHECK(said["app_name"] == "echo");
    CHECK(restarted["type"] == "process_event");
    CHECK(restarted["app_name"] == "echo");
    CHECK(other->output().find("probe") == std::string::npos);
}

TEST_CASE("logs: a number of lines that is too large for a number means all of them", "[e2e]") {
    const KpmHome kpm;
    kpm.write("count.sh",
              "i=0; while [ $i -lt 30 ]; do echo line $i; i=$((i+1)); done\nwhile :; do sleep 1; done\n");
    good(kpm, {"start", "count.sh"});
    REQUIRE(eventually([&] { return has(kpm.read(kpm.home() / "logs" / "count-out.log"), "line 29\n"); }));
    const CommandResult shown =
        good(kpm, {"logs", "count", "--nostream", "--raw", "--lines", "99999999999999999999"});
    CHECK(has(shown.out, "line 0\n"));
    CHECK(has(shown.out, "line 29\n"));
}

TEST_CASE("logs: start --attach and restart --attach go on with the app's lines", "[e2e]") {
    const KpmHome kpm;
    kpm.write("echo.sh", kEcho);
    {
        const auto start = follow(kpm, {"start", "echo.sh", "--name", "web", "--attach"});
        REQUIRE(eventually([&] { return has(start->output(), "│ web"); }));
        CHECK(brings(kpm, *start, "heard", "0|web  | heard\n"));
        good(kpm, {"start", "echo.sh", "--name", "other"});
        CHECK(start->end(SIGINT) == 128 + SIGINT);
        CHECK_FALSE(has(start->output(), "1|other"));
    }
    const auto restart = follow(kpm, {"restart", "web", "--attach"});
    REQUIRE(eventually([&] { return has(restart->output(), "│ web"); }));
    CHECK(brings(kpm, *restart, "again", "0|web  | again\n"));
    CHECK(restart->end(SIGINT) == 128 + SIGINT);
    CHECK(kpm.find("web")["pm2_env"]["status"] == "online");
}

TEST_CASE("logs: --attach follows the apps of a file, of standard input, and of a script's path", "[e2e]") {
    const KpmHome kpm;
    kpm.write("echo.sh", kEcho);
    kpm.write("eco.json", R"({apps: [{name: 'web', script: './echo.sh'}]})");
    good(kpm, {"start", "echo.sh", "--name", "other"});
    const std::string program = (bin_dir() / "kpm").string();
    const std::vector<std::vector<std::string>> lines{
        {program, "start", "eco.json", "--attach"},
        {"sh", "-c", "exec \"$1\" start - --attach <eco.json", "sh", program},
        {program, "restart", "./echo.sh", "--attach"}};
    for (const auto& words : lines) {
        INFO(words[1] << " " << words[2]);
        RunningCommand attached(words, kpm.env(), kpm.work());
        CHECK(eventually([&] {
            kpm.kpm({"send", "1", "heard"});
            return has(attached.output(), "1|web  | heard\n") ||
                   has(attached.output(), "1|web    | heard\n");  // beside the longer "other"
        }));
        CHECK(attached.end(SIGINT) == 128 + SIGINT);
        if (words[1] != "restart") CHECK_FALSE(has(attached.output(), "0|other"));
    }
}

TEST_CASE("logs: flush empties the logs of a namespace and of all, and says when it cannot", "[e2e]") {
    const KpmHome kpm;
    kpm.write("once.sh", "echo once\nwhile :; do sleep 1; done\n");
    good(kpm, {"start", "once.sh", "--name", "one", "--namespace", "n"});
    good(kpm, {"start", "once.sh", "--name", "two"});
    const auto one = kpm.home() / "logs" / "one-out.log", two = kpm.home() / "logs" / "two-out.log";
    REQUIRE(eventually([&] { return kpm.read(one) == "once\n" && kpm.read(two) == "once\n"; }));
    good(kpm, {"flush", "n"});
    CHECK(kpm.read(one).empty());
    CHECK(kpm.read(two) == "once\n");

    std::filesystem::remove(one);
    std::filesystem::create_directory(one);
    const CommandResult result = kpm.kpm({"flush", "all"});
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "cannot empty '" + one.string() + "': Is a directory"));
    CHECK(kpm.read(two).empty());
}

TEST_CASE("logs: attach shows what its app writes, of both streams, and nobody else's", "[e2e]") {
    const KpmHome kpm;
    kpm.write("echo.sh", kEcho);
    good(kpm, {"start", "echo.sh"});
    good(kpm, {"start", "echo.sh", "--name", "other"});
    RunningCommand attach({"sh", "-c", "mkfifo typed; exec 3<>typed; exec \"$1\" attach 0 <&3", "sh",
                           (bin_dir() / "kpm").string()},
                          kpm.env(), kpm.work());
    const auto type = [&](const char* line) { std::ofstream(kpm.work() / "typed") << line << std::flush; };
    REQUIRE(eventually([&] { return std::filesystem::exists(kpm.work() / "typed"); }));
    type("typed\n");
    CHECK(eventually([&] { return has(attach.output(), "typed\n"); }));
    good(kpm, {"send", "1", "elsewhere"});
    type("error\n");
    CHECK(eventually([&] { return has(attach.output(), "error\n"); }));
    CHECK(attach.output() == "typed\nerror\n");
    CHECK(attach.end(SIGINT) == 128 + SIGINT);
}

}  // namespace kpm::logs_test
