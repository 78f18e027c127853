#include <catch2/catch.hpp>

#include "cli/dev/dev_line.h"
#include "cli/dev/dev_log.h"
#include "ipc/protocol.h"

using namespace kpm;
using namespace kpm::cli;

namespace {

using Words = std::vector<std::string>;

DevLine line_of(const Words& words) {
    auto read = read_dev_line(words);
    INFO((read ? "" : read.error().message));
    REQUIRE(read);
    return std::move(*read);
}

ipc::Event event(const char* topic, Json payload) {
    ipc::Event result;
    result.topic = topic;
    result.payload = std::move(payload);
    return result;
}

Json log_of(const char* name, int id, const char* data) {
    return {{"process", {{"name", name}, {"pm_id", id}}}, {"data", data}};
}

}  // namespace

TEST_CASE("dev line: a script is watched and started again after a second", "[unit][cli][dev]") {
    for (const Words& words : {Words{"app.js"}, Words{"start", "app.js"}, Words{"--raw", "app.js"},
                               Words{"start", "app.js", "--post-exec", "make test", "--", "-x"}}) {
        const DevLine read = line_of(words);
        CHECK(read.line.words == Words{"app.js"});
        const Json attributes = declared_attributes(read.line);
        CHECK(attributes["watch"] == true);
        CHECK(attributes["restart_delay"] == "1000");
        CHECK_FALSE(attributes.contains("ignore_watch"));
    }
    CHECK(line_of({"--raw", "start", "app.js"}).line.words == Words{"app.js"});
    CHECK(line_of({"app.js", "--post-exec", "make test"}).post_exec == "make test");
    CHECK(declared_attributes(line_of({"app.js", "--restart-delay", "5s"}).line)["restart_delay"] == "5s");
}

TEST_CASE("dev line: what is ignored, and node_modules with it", "[unit][cli][dev]") {
    const DevLine read = line_of({"--ignore", "logs,,*.tmp", "app.js"});
    CHECK(read.ignored == Words{"logs", "*.tmp", "node_modules"});
    CHECK(declared_attributes(read.line).contains("ignore_watch"));
    CHECK(line_of({"app.js"}).ignored.empty());
}

TEST_CASE("dev line: what is wrong is said", "[unit][cli][dev]") {
    CHECK(read_dev_line(Words{"app.js", "--autoexit"}).error().message.find("--auto-exit") !=
          std::string::npos);
    CHECK_FALSE(read_dev_line(Words{"app.js", "--ignore"}));
    CHECK(line_of({}).line.words.empty());
}

TEST_CASE("dev: which programs are it", "[unit][cli][dev]") {
    for (const char* name : {"kpm-dev", "/usr/bin/pm2-dev"}) CHECK(is_dev_name(name));
    for (const char* name : {"kpm", "kpm-runtime", "/kpm-dev/kpm"}) CHECK_FALSE(is_dev_name(name));
}

TEST_CASE("dev log: names before lines, one width for all that came so far", "[unit][cli][dev]") {
    DevLog log(false, false, Paint(false));
    CHECK(log.text(event(ipc::topic::kLogOut, log_of("a", 1, "x\n\ny\n")), 0) == "a-1 | x\na-1 | y\n");
    CHECK(log.text(event(ipc::topic::kLogErr, log_of("longer", 12, "z")), 0) == "longer-12  | z\n");
    CHECK(log.text(event(ipc::topic::kLogOut, log_of("a", 1, "x\n")), 0) == "a-1        | x\n");
    CHECK(log.text(event(ipc::topic::kLogPm2, log_of("PM2", 0, "x\n")), 0).empty());
    CHECK(log.text(event(ipc::topic::kLogOut, Json(nullptr)), 0).empty());
}

TEST_CASE("dev log: raw lines, and restarts of names that are harmless", "[unit][cli][dev]") {
    DevLog log(true, true, Paint(false));
    CHECK(log.text(event(ipc::topic::kLogErr, log_of("a", 1, "x\ny")), 0) == "x\ny\n");
    const auto told = [&](const char* what) {
        return log.text(event(ipc::topic::kProcessEvent,
                              {{"event", what}, {"process", {{"name", "w\x1b[2Jeb"}, {"pm_id", 0}}}}),
                        0);
    };
    CHECK(told("online") == "[rundev] App w[2Jeb restarted\n");
    CHECK(told("exit").empty());
}
