#include "daemon/io/pid_file.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "daemon/io/small_file.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;

namespace {

pid_t ended_process() {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    ::waitpid(pid, nullptr, 0);
    return pid;
}

}  // namespace

TEST_CASE("pid file: a shorter pid leaves nothing of a longer one", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "app.pid";
    for (const pid_t pid : {31'999, 7, 1'234}) {
        REQUIRE(write_pid_file(path, pid));
        CHECK(read_small_file(path) == std::to_string(pid));
    }
}

TEST_CASE("pid file: only who is named in it removes it", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "app.pid";
    REQUIRE(write_pid_file(path, 1'234));
    remove_pid_file(path, 1'235);
    CHECK(std::filesystem::exists(path));
    remove_pid_file(path, 1'234);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("pid file: a launch that failed removes that of a process that is no more", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "app.pid";
    REQUIRE(write_pid_file(path, ::getpid()));
    remove_pid_file(path, 0);
    CHECK(read_small_file(path) == std::to_string(::getpid()));
    REQUIRE(write_pid_file(path, ended_process()));
    remove_pid_file(path, 0);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("pid file: what is no pid file is left alone", "[unit][io]") {
    const TempDir folder;
    const std::string path = folder.path() / "notes";
    for (const char* text : {"", "notes", "-1", "0"}) {
        REQUIRE(write_small_file(path, text));
        remove_pid_file(path, 0);
        remove_pid_file(path, 1);
        CHECK(read_small_file(path) == text);
    }
    CHECK(write_pid_file("/no/such/file", 1).error().message ==
          "cannot write '/no/such/file': No such file or directory");
}
