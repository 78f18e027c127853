#include "cli/start_set.h"

#include <catch2/catch.hpp>
#include <deque>

using namespace kpm;
using namespace kpm::cli;
using Names = std::vector<std::string>;

namespace {

// A file and what the daemon has.
struct World {
    std::deque<ecosystem::ParsedApp> declared;
    std::vector<FileApp> file;
    Json list = Json::array();
    std::vector<ProcessRow> rows;

    void declare(const char* json, bool is_asked_for = true) {
        auto app = ecosystem::parse_app(Json::parse(json));
        if (!app) FAIL(app.error().message);
        declared.push_back(std::move(*app));
        file.push_back({&declared.back(), declared.back().config.name, {}, is_asked_for});
    }
    void runs(const std::string& name, const std::string& status, Json more = Json::object()) {
        Json env{{"name", name}, {"status", status}, {"pm_id", list.size()}};
        env.update(more);
        list.push_back({{"name", name}, {"pm_id", list.size()}, {"pid", 0}, {"pm2_env", std::move(env)}});
    }
    void read() {
        rows = read_rows(list);
        for (FileApp& app : file)
            for (const ProcessRow& row : rows)
                if (row.name == app.name) app.rows.push_back(row);
    }
    std::vector<StartItem> from_file() {
        read();
        return start_set(file, rows);
    }
    std::string problem() {
        read();
        const auto checked = check_file_dependencies(file, rows, {});
        return checked ? "" : checked.error().message;
    }
};

Names names_of(const std::vector<StartItem>& items) {
    Names names;
    for (const StartItem& item : items)
        names.push_back(item.name + (item.is_running ? " (running)" : item.rows.empty() ? " (new)" : ""));
    return names;
}

}  // namespace

TEST_CASE("start set: what runs comes before what is new", "[unit][cli]") {
    World world;
    world.declare(R"({"name": "a", "script": "a"})");
    world.declare(R"({"name": "b", "script": "b"})");
    world.runs("b", "online");
    CHECK(names_of(world.from_file()) == Names{"b", "a (new)"});
}

TEST_CASE("start set: --only takes along what is not there, and leaves alone what is", "[unit][cli]") {
    World world;
    world.declare(R"({"name": "web", "script": "a", "depends_on": ["api", "cache"]})");
    world.declare(R"({"name": "api", "script": "a", "depends_on": ["db"]})", false);
    world.declare(R"({"name": "db", "script": "a"})", false);
    world.declare(R"({"name": "cache", "script": "a", "depends_on": ["disk"]})", false);
    world.declare(R"({"name": "disk", "script": "a"})", false);
    world.declare(R"({"name": "other", "script": "a"})", false);
    world.runs("cache", "online");
    world.runs("db", "stopped");
    const auto items = world.from_file();
    CHECK(names_of(items) == Names{"web (new)", "api (new)", "db"});
    CHECK(items[0].is_asked_for);
    CHECK_FALSE(items[1].is_asked_for);
    CHECK(items[2].app != nullptr);
}

TEST_CASE("start set: a job that has completed is not run again for others, one that runs is waited for",
          "[unit][cli]") {
    const char* web = R"({"name": "web", "script": "a", "depends_on": {"job": "completed"}})";
    World completed;
    completed.declare(web);
    completed.runs("job", "stopped", {{"exit_code", 0}});
    CHECK(names_of(completed.from_file()) == Names{"web (new)"});

    World failed;
    failed.declare(web);
    failed.runs("job", "stopped", {{"exit_code", 1}});
    CHECK(names_of(failed.from_file()) == Names{"web (new)", "job"});

    World running;
    running.declare(web);
    running.runs("job", "online", {{"exit_code", 0}});
    CHECK(names_of(running.from_file()) == Names{"web (new)", "job (running)"});
}

TEST_CASE("start set: an app started by name takes along what it needs and the daemon has", "[unit][cli]") {
    World world;
    world.runs("db", "stopped");
    world.runs("api", "errored", {{"depends_on", {"db"}}});
    world.runs("web", "stopped", {{"depends_on", {"api", "gone"}}});
    world.runs("web", "stopped", {{"depends_on", {"api", "gone"}}});
    world.read();
    const auto items = start_set(std::vector<Json>{2, 3}, world.rows);
    CHECK(names_of(items) == Names{"web", "api", "db"});
    CHECK(items[0].rows.size() == 2);
    CHECK(items[0].is_asked_for);
    CHECK_FALSE(items[1].is_asked_for);
    CHECK(items[1].app == nullptr);
}

TEST_CASE("start set: dependencies of a file are looked up in it and in the daemon", "[unit][cli]") {
    World known;
    known.declare(R"({"name": "web", "script": "a", "depends_on": ["db", "cache"]})");
    known.declare(R"({"name": "db", "script": "a"})", false);
    known.runs("cache", "online");
    CHECK(known.problem().empty());

    World unknown;
    unknown.declare(R"({"name": "web", "script": "a", "depends_on": ["dbx"]})");
    unknown.declare(R"({"name": "db", "script": "a"})");
    CHECK(unknown.problem() ==
          "cannot start 'web': it depends on 'dbx', and there is no such app (did you mean 'db'?)");

    World circle;
    circle.declare(R"({"name": "web", "script": "a", "depends_on": ["db"]})");
    circle.runs("db", "online", {{"depends_on", {"cache"}}});
    circle.runs("cache", "online", {{"depends_on", {"web"}}});
    circle.runs("x", "online", {{"depends_on", {"x"}}});
    CHECK(circle.problem() == "cannot start 'web': depends_on goes in a circle: web -> db -> cache -> web");
}

TEST_CASE("start set: a dependency has the name that --env gives it", "[unit][cli]") {
    World world;
    world.declare(R"({"name": "web", "script": "a", "depends_on": {"db": "ready"}})");
    world.declare(R"({"name": "db", "script": "a", "append_env_to_name": true})");
    world.file[1].name = "db-production";
    const auto items = world.from_file();
    CHECK(items[0].needs == ecosystem::Dependencies{{"db-production", ecosystem::Condition::Ready}});
}

TEST_CASE("completion: all processes of an app have ended with 0", "[unit][cli]") {
    World world;
    world.runs("good", "stopped", {{"exit_code", 0}});
    world.runs("mixed", "stopped", {{"exit_code", 0}});
    world.runs("mixed", "online");
    world.runs("bad", "online");
    world.runs("bad", "stopped", {{"exit_code", 3}});
    world.runs("killed", "stopped", {{"exit_code", 0}, {"exit_signal", 9}});
    world.runs("never", "stopped");
    world.read();
    std::string why;
    CHECK(completion_of("good", world.rows, why) == Completion::Completed);
    CHECK(completion_of("mixed", world.rows, why) == Completion::Running);
    CHECK(completion_of("bad", world.rows, why) == Completion::Failed);
    CHECK(why == "exit code 3");
    CHECK(completion_of("killed", world.rows, why) == Completion::Failed);
    CHECK(why == "signal SIGKILL");
    CHECK(completion_of("never", world.rows, why) == Completion::Failed);
    CHECK(why == "it does not run");
    CHECK(completion_of("gone", world.rows, why) == Completion::Failed);
    CHECK(why == "it was deleted");
}
