#include "daemon/io/log_file.h"

#include <catch2/catch.hpp>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/io/log_loop.h"
#include "daemon/io/open_log_files.h"
#include "tests/support/open_fds.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;
using test::count_open_fds;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

LogFile::TimePoint at(std::chrono::milliseconds time) {
    return LogFile::TimePoint{time};
}

}  // namespace

TEST_CASE("log file: is made, appended to and kept", "[integration][log_file]") {
    const TempDir folder;
    const auto path = folder.path() / "a.log";
    {
        LogFile file(path);
        file.append("one\n", at(0ms));
    }
    LogFile file(path);
    const auto news = file.append("two\n", at(0ms));
    CHECK_FALSE(news.failed);
    CHECK_FALSE(news.recovered);
    CHECK(read_file(path) == "one\ntwo\n");
}

TEST_CASE("log file: reopening after a rename starts a new file", "[integration][log_file]") {
    const TempDir folder;
    const auto path = folder.path() / "a.log";
    LogFile file(path);
    file.append("old\n", at(0ms));
    std::filesystem::rename(path, folder.path() / "a.log.1");
    file.append("still old\n", at(0ms));
    file.reopen(at(0ms));
    file.append("new\n", at(0ms));
    CHECK(read_file(folder.path() / "a.log.1") == "old\nstill old\n");
    CHECK(read_file(path) == "new\n");
}

TEST_CASE("log file: a full disk is said once, counted and tried again", "[integration][log_file]") {
    LogFile file("/dev/full");
    const auto first = file.append("12345", at(0ms));
    REQUIRE(first.failed);
    CHECK(first.failed->message == "cannot write '/dev/full': No space left on device");
    CHECK_FALSE(file.append("12345", at(10ms)).failed);
    const auto again = file.append("12345", at(LogFile::kRetryAfter));
    CHECK_FALSE(again.failed);
    CHECK(again.lost == 15u);
    CHECK(file.losing() == 15u);
    CHECK(file.dropped() == 15);
}

TEST_CASE("log file: recovery says what was lost", "[integration][log_file]") {
    const TempDir folder;
    const auto path = folder.path() / "later" / "a.log";
    LogFile file(path);
    REQUIRE(file.append("lost\n", at(0ms)).failed);
    std::filesystem::create_directory(folder.path() / "later");
    CHECK_FALSE(file.append("lost too\n", at(10ms)).recovered);
    const auto news = file.append("kept\n", at(LogFile::kRetryAfter));
    CHECK(news.recovered == 14u);
    CHECK_FALSE(file.losing());
    CHECK(read_file(path) == "kept\n");
    CHECK(file.dropped() == 14);
    CHECK_FALSE(file.append("more\n", at(5000ms)).recovered);
}

TEST_CASE("log file: preparing makes folders and files, and tells what it cannot",
          "[integration][log_file]") {
    const TempDir folder;
    const auto out = folder.path() / "logs" / "deep" / "out.log";
    REQUIRE(prepare_log_files({.out = out, .err = "/dev/null", .combined = "NULL", .date_format = {}})
                .has_value());
    CHECK(std::filesystem::exists(out));
    CHECK_FALSE(std::filesystem::exists("NULL"));

    const std::string under_a_file = out / "x.log";
    const auto refused =
        prepare_log_files({.out = under_a_file, .err = {}, .combined = {}, .date_format = {}});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.starts_with("cannot create '"));
    const auto a_folder =
        prepare_log_files({.out = {}, .err = folder.path(), .combined = {}, .date_format = {}});
    REQUIRE_FALSE(a_folder.has_value());
    CHECK(a_folder.error().message == "cannot open '" + folder.path().string() + "': Is a directory");
    CHECK(prepare_log_files(
              {.out = under_a_file, .err = {}, .combined = {}, .date_format = {}, .disabled = true})
              .has_value());
}

TEST_CASE("log file: only so many are open, and each is written to the end", "[integration][log_file]") {
    const TempDir folder;
    OpenLogFiles open_files(2);
    std::deque<LogFile> files;
    for (int i = 0; i < 3; ++i) files.emplace_back((folder.path() / std::to_string(i)).string());
    const std::size_t before = count_open_fds();
    for (const char* text : {"a", "b", "c"})
        for (LogFile& file : files) {
            file.append(text, at(0ms));
            open_files.used(file);
            CHECK(count_open_fds() <= before + 2);
        }
    CHECK(open_files.size() == 2);
    for (int i = 0; i < 3; ++i) CHECK(read_file(folder.path() / std::to_string(i)) == "abc");

    open_files.forget(files[2]);
    files.pop_back();
    open_files.used(files[0]);
    open_files.used(files[1]);
    CHECK(open_files.size() == 2);
}
