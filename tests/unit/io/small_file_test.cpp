#include "daemon/io/small_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;

TEST_CASE("small file: what was written is read, whole or up to the limit", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "file";
    const std::string long_text(100'000, 'x');
    REQUIRE(write_small_file(path, long_text));
    CHECK(read_small_file(path) == long_text);
    CHECK(read_small_file(path, 5000) == std::string(5000, 'x'));
    REQUIRE(write_small_file(path, "short"));
    CHECK(read_small_file(path) == "short");
}

TEST_CASE("small file: files of /proc, which have no size, are read to their end", "[unit][io]") {
    CHECK(read_small_file("/proc/self/status").find("\nPid:") != std::string::npos);
    CHECK(read_small_file("/proc/self/maps").ends_with('\n'));
}

TEST_CASE("small file: a FIFO in its place makes nobody wait", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    CHECK(read_small_file(path).empty());
    CHECK(write_small_file(path, "x").error().message ==
          "cannot write '" + path + "': No such device or address");
}

TEST_CASE("small file: what cannot be read is empty, what cannot be written is said", "[unit][io]") {
    CHECK(read_small_file("/no/such/file").empty());
    CHECK(read_small_file("/").empty());
    CHECK(write_small_file("/no/such/file", "x").error().message ==
          "cannot write '/no/such/file': No such file or directory");
    CHECK(write_small_file("/dev/full", "x").error().message ==
          "cannot write '/dev/full': No space left on device");
}
