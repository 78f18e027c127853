#include "ecosystem/dependency_order.h"

#include <catch2/catch.hpp>
#include <map>

using namespace kpm;
using namespace kpm::ecosystem;
using enum Condition;
using Tasks = std::vector<std::size_t>;

namespace {

struct App {
    std::string name;
    Dependencies needs = {};
};

std::vector<AppNeeds> needs_of(const std::vector<App>& apps) {
    std::vector<AppNeeds> needs;
    for (const App& app : apps) needs.push_back({app.name, &app.needs});
    return needs;
}

Tasks all_in_order(Precedence order) {
    Tasks tasks;
    while (const auto task = order.take()) {
        tasks.push_back(*task);
        order.done(*task);
    }
    return tasks;
}

AppConfig job() {
    AppConfig config;
    config.autorestart = false;
    return config;
}

// Checks apps against others that are known.
std::string problem(const std::vector<App>& apps, const std::map<std::string, AppConfig>& known = {}) {
    std::vector<std::string_view> names;
    for (const auto& [name, config] : known) names.push_back(name);
    const auto find = [&](std::string_view name) {
        const auto found = known.find(std::string(name));
        return found == known.end() ? nullptr : &found->second;
    };
    const auto checked = check_dependencies(needs_of(apps), find, names);
    return checked ? "" : checked.error().message;
}

std::string circle(const std::vector<App>& apps) {
    const auto checked = check_circle(needs_of(apps));
    return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("dependency order: starts go from what others need, stops the other way", "[unit][ecosystem]") {
    const std::vector<App> apps{{"web", {{"api", Started}}}, {"api", {{"db", Ready}}}, {"other"}, {"db"}};
    CHECK(all_in_order(start_order(needs_of(apps)).tasks) == Tasks{2, 3, 1, 0});
    CHECK(all_in_order(stop_order(needs_of(apps))) == Tasks{0, 1, 2, 3});
}

TEST_CASE("dependency order: what waits for a completion waits for a task of its own", "[unit][ecosystem]") {
    const std::vector<App> apps{{"web", {{"job", Completed}}}, {"api", {{"job", Started}}}, {"job"}};
    StartOrder order = start_order(needs_of(apps));
    CHECK(order.end_of == Tasks{2});
    CHECK(order.tasks.take() == 2U);
    CHECK_FALSE(order.tasks.take());
    order.tasks.done(2);
    CHECK(order.tasks.take() == 1U);
    CHECK(order.tasks.take() == 3U);  // the end of job
    CHECK_FALSE(order.tasks.take());
    order.tasks.done(3);
    CHECK(order.tasks.take() == 0U);
}

TEST_CASE("dependency order: apps that are not among these count for nothing, those of one name alike",
          "[unit][ecosystem]") {
    const std::vector<App> apps{{"web", {{"db", Started}, {"far", Started}}}, {"db"}, {"db"}};
    CHECK(all_in_order(start_order(needs_of(apps)).tasks) == Tasks{1, 2, 0});
}

TEST_CASE("dependency order: processes of one name with the same needs are one app", "[unit][ecosystem]") {
    const Dependencies none, db{{"db", Started}};
    AppList list;
    CHECK(list.add("web", db) == 0);
    CHECK(list.add("db", none) == 1);
    CHECK(list.add("web", db) == 0);
    CHECK(list.add("web", none) == 2);
    CHECK(list.apps().size() == 3);
}

TEST_CASE("dependency order: an unknown name is an error with a hint", "[unit][ecosystem]") {
    CHECK(problem({{"web", {{"dbb", Started}}}}, {{"db", {}}}) ==
          "cannot start 'web': it depends on 'dbb', and there is no such app (did you mean 'db'?)");
    CHECK(problem({{"web", {{"database", Started}}}}, {{"x", {}}}) ==
          "cannot start 'web': it depends on 'database', and there is no such app");
    CHECK(problem({{"web", {{"db", Started}}}}, {{"db", {}}}).empty());
}

TEST_CASE("dependency order: a condition that can never be met is an error", "[unit][ecosystem]") {
    const std::vector<App> completed{{"web", {{"job", Completed}}}};
    CHECK(
        problem(completed, {{"job", {}}}) ==
        "cannot start 'web': it depends on the completion of 'job', which is started again whenever it ends; "
        "give 'job' autorestart: false");
    CHECK(problem(completed, {{"job", job()}}).empty());
    AppConfig ends_with_0;
    ends_with_0.stop_exit_codes = {0};
    CHECK(problem(completed, {{"job", ends_with_0}}).empty());

    const std::vector<App> ready{{"web", {{"db", Ready}}}};
    CHECK(
        problem(ready, {{"db", {}}}) ==
        "cannot start 'web': it depends on 'db' being ready, which 'db' does not tell; give 'db' wait_ready: "
        "true, or wait for started");
    AppConfig tells;
    tells.wait_ready = true;
    CHECK(problem(ready, {{"db", tells}}).empty());
    AppConfig worker;
    worker.exec_mode = ExecMode::Cluster;
    worker.interpreter = "node";
    CHECK(problem(ready, {{"db", worker}}).empty());
}

TEST_CASE("dependency order: a circle is told with its path", "[unit][ecosystem]") {
    CHECK(circle({{"x"}, {"a", {{"b", Started}}}, {"b", {{"c", Ready}}}, {"c", {{"a", Completed}}}}) ==
          "cannot start 'a': depends_on goes in a circle: a -> b -> c -> a");
    CHECK(circle({{"a", {{"a", Started}}}}) == "cannot start 'a': depends_on goes in a circle: a -> a");
    CHECK(circle({{"a", {{"b", Started}, {"c", Started}}}, {"b", {{"c", Started}}}, {"c"}}).empty());
}
