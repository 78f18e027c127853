#include "cli/launches.h"

#include <catch2/catch.hpp>

#include "cli/process_row.h"

namespace kpm::cli {
namespace {

std::string judged(const Json& env) {
    const Json data = Json::array({{{"name", "web"}, {"pm_id", 0}, {"pid", 0}, {"pm2_env", env}}});
    return failure_of(read_rows(data).front());
}

}  // namespace

TEST_CASE("launches: an end with 0 or with an expected code is no failure", "[unit][cli]") {
    CHECK(judged({{"exit_code", 0}}).empty());
    CHECK(judged({{"exit_code", 7}, {"stop_exit_codes", {6, 7}}}).empty());
    CHECK(judged({{"exit_code", 7}, {"stop_exit_codes", 7}}).empty());
    CHECK(judged(Json::object()).empty());  // the daemon knows nothing of an end
}

TEST_CASE("launches: other codes, signals and a start that failed since are", "[unit][cli]") {
    CHECK(judged({{"exit_code", 1}}) == "exit code 1");
    CHECK(judged({{"exit_code", 7}, {"stop_exit_codes", {6}}}) == "exit code 7");
    // PM2's code beside a signal is 0.
    CHECK(judged({{"exit_code", 0}, {"exit_signal", 11}}) == "signal SIGSEGV");
    CHECK(judged({{"exit_code", 0}, {"failure", "cannot execute '/x'"}}) == "cannot execute '/x'");
}

TEST_CASE("launches: what was ended on purpose and is up again is no failure", "[unit][cli]") {
    CHECK(judged({{"status", "online"}, {"exit_signal", 2}, {"unstable_restarts", 0}}).empty());
    CHECK(judged({{"status", "online"}, {"exit_signal", 2}, {"unstable_restarts", 1}}) == "signal SIGINT");
    CHECK(judged({{"status", "stopped"}, {"exit_signal", 2}}) == "signal SIGINT");
}

TEST_CASE("launches: without any there is nothing to wait for", "[unit][cli]") {
    Launches launches;
    launches.add(Json());
    launches.add(Json::array({{{"process", {{"pid", 0}}}, {"pm2_env", {{"pm_id", 1}}}}}));
    launches.add(
        {{"process", {{"pid", 1}}}, {"pm2_env", {{"pm_id", 1}, {"wait_ready", true}}}});  // it has told
    CHECK_FALSE(launches.is_waiting());
}

TEST_CASE("launches: what had ended when the daemon answered is told of", "[unit][cli]") {
    Launches launches;
    launches.add({{"process", {{"pid", 0}}}, {"pm2_env", {{"pm_id", 1}, {"exit_code", 3}}}});
    CHECK(launches.is_waiting());
}

}  // namespace kpm::cli
