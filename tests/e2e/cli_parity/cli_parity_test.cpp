// Command lines under the real pm2 and under kpm: exit code, output, list and files are the same after each,
// but for the differences that are listed and described.
#include <catch2/catch.hpp>
#include <set>

#include "tests/e2e/cli_parity/groups.h"

using namespace kpm::test;

TEST_CASE("cli parity: start", "[e2e][parity]") {
    compare(start_forms());
}

TEST_CASE("cli parity: configuration files", "[e2e][parity]") {
    compare(start_files());
}

TEST_CASE("cli parity: targets", "[e2e][parity]") {
    compare(targets());
}

TEST_CASE("cli parity: lifecycle", "[e2e][parity]") {
    compare(lifecycle());
}

TEST_CASE("cli parity: views", "[e2e][parity]") {
    compare(views());
}

TEST_CASE("cli parity: logs", "[e2e][parity]") {
    compare(logs());
}

TEST_CASE("cli parity: persistence", "[e2e][parity]") {
    compare(persistence());
}

TEST_CASE("cli parity: errors", "[e2e][parity]") {
    compare(errors());
}
