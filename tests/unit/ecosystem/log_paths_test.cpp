#include "ecosystem/log_paths.h"

#include <catch2/catch.hpp>

using namespace kpm::ecosystem;

TEST_CASE("log paths: odd characters of a name become dashes", "[unit][ecosystem]") {
    CHECK(file_name_of("my_app") == "my-app");
    CHECK(file_name_of("a.b-c\\d") == "a.b-c\\d");
    CHECK(file_name_of("../x y") == "..-x-y");
}

TEST_CASE("log paths: the instance replaces an older number", "[unit][ecosystem]") {
    CHECK(instance_log_path("/l/t.log", 21) == "/l/t-21.log");
    CHECK(instance_log_path("/l/t-3.log", 21) == "/l/t-21.log");
    CHECK(instance_log_path("/l/t-x.log", 21) == "/l/t-x-21.log");
    CHECK(instance_log_path("/l/x.out", 21) == "/l/x.out");
    CHECK(instance_pid_path("/p/a.pid", 0) == "/p/a-0.pid");
    CHECK(instance_pid_path("/p/a-7.pid", 0) == "/p/a-0.pid");
}

TEST_CASE("log paths: merged logs keep their names, pid files never", "[unit][ecosystem]") {
    AppConfig config;
    config.out_file = "/l/a-out.log";
    config.error_file = "/dev/null";
    config.log_file = "/l/a.log";
    config.pid_file = "/p/a.pid";
    AppConfig merged = config;
    merged.merge_logs = true;
    set_instance_paths(merged, 4);
    CHECK(merged.out_file == "/l/a-out.log");
    CHECK(merged.pid_file == "/p/a-4.pid");
    set_instance_paths(config, 4);
    CHECK(config.out_file == "/l/a-out-4.log");
    CHECK(config.error_file == "/dev/null");
    CHECK(config.log_file == Selection("/l/a-4.log"));
}
