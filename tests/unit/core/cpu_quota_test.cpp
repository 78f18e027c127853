#include "daemon/core/cpu_quota.h"

#include <catch2/catch.hpp>

using namespace kpm::core;

TEST_CASE("cpu quota: the group of a process in both versions", "[unit][cpu_quota]") {
    CHECK(control_group("0::/\n", "cpu") == ControlGroup{true, "/"});
    CHECK(control_group("0::/user.slice/a b\n", "cpu") == ControlGroup{true, "/user.slice/a b"});
    CHECK(control_group("12:pids:/x\n4:cpu,cpuacct:/docker/0f\n0::/docker/0f\n", "cpu") ==
          ControlGroup{false, "/docker/0f"});
    CHECK(control_group("3:cpuset:/x\n1:name=systemd:/y\n0::/z", "cpu") == ControlGroup{true, "/z"});
    CHECK(control_group("", "cpu") == std::nullopt);
    CHECK(control_group("no colons\n4:one", "cpu") == std::nullopt);
}

TEST_CASE("cpu quota: what the kernel writes", "[unit][cpu_quota]") {
    CHECK(quota_of_cpu_max("150000 100000\n") == 1.5);
    CHECK(quota_of_cpu_max("max 100000\n") == std::nullopt);
    CHECK(quota_of_cpu_max("") == std::nullopt);
    CHECK(quota_of_cpu_max("150000 0") == std::nullopt);
    CHECK(quota_of_cpu_max("150000") == std::nullopt);
    CHECK(quota_of_cfs("200000\n", "100000\n") == 2.0);
    CHECK(quota_of_cfs("-1\n", "100000\n") == std::nullopt);
    CHECK(quota_of_cfs("", "") == std::nullopt);
}

TEST_CASE("cpu quota: a part of a CPU counts as one, and there is always one", "[unit][cpu_quota]") {
    CHECK(cpus_within(8, 1.5) == 2);
    CHECK(cpus_within(8, 0.2) == 1);
    CHECK(cpus_within(8, 2.0) == 2);
    CHECK(cpus_within(2, 6.0) == 2);
    CHECK(cpus_within(4, std::nullopt) == 4);
    CHECK(cpus_within(0, std::nullopt) == 1);
}
