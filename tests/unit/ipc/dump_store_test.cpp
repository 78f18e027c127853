#include "ipc/dump_store.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temp_dir.h"

namespace kpm::ipc {
namespace {

namespace fs = std::filesystem;

class TempHome {
public:
    Home home() const { return Home(folder_.path()); }
    fs::path file(const std::string& name) const { return folder_.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(file(name), std::ios::binary) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream in(file(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    TempDir folder_;
};

std::string dump_with(const std::string& name) {
    return R"([{"name": ")" + name + R"(", "pm_exec_path": "/bin/sleep"}])";
}

std::string first_name(const Result<ReadDump>& dump) {
    return dump && !dump->apps.empty() ? dump->apps[0]["name"].get<std::string>() : "";
}

}  // namespace

TEST_CASE("dump: the files before it are kept as generations", "[unit][ipc][dump]") {
    const TempHome temp;
    for (const char* name : {"a", "b", "c", "d", "e"}) REQUIRE(write_dump(temp.home(), dump_with(name)));
    CHECK(temp.read("dump.pm2") == dump_with("e"));
    CHECK(temp.read("dump.pm2.bak") == dump_with("d"));
    CHECK(temp.read("dump.pm2.bak.2") == dump_with("c"));
    CHECK(temp.read("dump.pm2.bak.3") == dump_with("b"));
    CHECK(std::distance(fs::directory_iterator(temp.home().root()), {}) == 4);
    CHECK(first_name(read_dump(temp.home())) == "e");
}

TEST_CASE("dump: saving the same list again pushes no generation out", "[unit][ipc][dump]") {
    const TempHome temp;
    for (const char* name : {"a", "b", "b", "b"}) REQUIRE(write_dump(temp.home(), dump_with(name)));
    CHECK(temp.read("dump.pm2.bak") == dump_with("a"));
}

TEST_CASE("dump: it is for its owner alone, as it holds the apps' secrets", "[unit][ipc][dump]") {
    const TempHome temp;
    REQUIRE(write_dump(temp.home(), dump_with("a")));
    struct stat status {};
    REQUIRE(stat(temp.home().dump().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("dump: a damaged one is put aside, told of, and the newest good generation is read",
          "[unit][ipc][dump]") {
    const TempHome temp;
    REQUIRE(write_dump(temp.home(), dump_with("old")));
    REQUIRE(write_dump(temp.home(), dump_with("good")));
    REQUIRE(write_dump(temp.home(), dump_with("new")));
    const auto damaged = GENERATE(as<std::string>(), "", R"([{"name": "new", "pm_ex)", "{}", "7",
                                  R"(["text"])", R"([{"name": "new", "kpm_dump_version": 2}])",
                                  R"([{"name": "new", "kpm_dump_version": "1"}])", std::string(1000, '['),
                                  std::string("\0\0\0\0", 4));
    CAPTURE(damaged);
    temp.write("dump.pm2", damaged);
    const auto dump = read_dump(temp.home());
    CHECK(first_name(dump) == "good");
    CHECK(dump->file == temp.file("dump.pm2.bak"));
    REQUIRE(dump->warnings.size() == 1);
    CHECK(dump->warnings[0].find("cannot restore '" + temp.file("dump.pm2").string() + "': ") == 0);
    CHECK(dump->warnings[0].find("kept as '" + temp.file("dump.pm2.damaged").string() + "'") !=
          std::string::npos);
    CHECK(temp.read("dump.pm2.damaged") == damaged);
    CHECK_FALSE(fs::exists(temp.file("dump.pm2")));

    // The next save must not push the good one out, and the next damaged one not the first.
    REQUIRE(write_dump(temp.home(), dump_with("next")));
    CHECK(temp.read("dump.pm2.bak") == dump_with("good"));
    temp.write("dump.pm2", "[");
    REQUIRE(read_dump(temp.home()));
    CHECK(temp.read("dump.pm2.damaged") == damaged);
    CHECK(temp.read("dump.pm2.damaged.2") == "[");
}

TEST_CASE("dump: without a file there is nothing to restore", "[unit][ipc][dump]") {
    const TempHome temp;
    const auto none = read_dump(temp.home());
    CHECK(none.error().code == ErrorCode::NotFound);
    CHECK(none.error().message == "No processes saved; DUMP file doesn't exist");
    REQUIRE(write_dump(temp.home(), "[]"));
    CHECK(read_dump(temp.home())->apps.empty());
}

TEST_CASE("dump: what makes one unusable", "[unit][ipc][dump]") {
    const auto fault = [](std::string_view text) { return fault_of_dump(parse_json(text)); };
    CHECK(fault("[]").empty());
    CHECK(fault(R"([{"name":"a"},{"kpm_dump_version":1}])").empty());
    CHECK(fault("[{") == "it is no JSON, or was cut short");
    CHECK(fault("{}") == "it is no array");
    CHECK(fault("[1]") == "an element of it is no object");
    CHECK(fault(R"([{"kpm_dump_version":2}])") == "a later kpm wrote it (version 2)");
}

TEST_CASE("dump: when every generation is damaged the error tells of each", "[unit][ipc][dump]") {
    const TempHome temp;
    temp.write("dump.pm2", "[");
    temp.write("dump.pm2.bak", "{");
    const auto none = read_dump(temp.home());
    REQUIRE_FALSE(none);
    CHECK(none.error().message.find("dump.pm2.damaged") != std::string::npos);
    CHECK(none.error().message.find("dump.pm2.bak.damaged") != std::string::npos);
}

TEST_CASE("dump: an unreadable one stays where it is", "[unit][ipc][dump]") {
    const TempHome temp;
    REQUIRE(write_dump(temp.home(), dump_with("old")));
    REQUIRE(write_dump(temp.home(), dump_with("new")));
    fs::remove(temp.file("dump.pm2"));
    fs::create_directory(temp.file("dump.pm2"));
    const auto dump = read_dump(temp.home());
    CHECK(first_name(dump) == "old");
    CHECK(dump->warnings.size() == 1);
    CHECK(fs::is_directory(temp.file("dump.pm2")));
}

TEST_CASE("dump: one that cannot be written changes nothing", "[unit][ipc][dump]") {
    const TempHome temp;
    REQUIRE(write_dump(temp.home(), dump_with("old")));
    REQUIRE(write_dump(temp.home(), dump_with("now")));
    fs::create_directory(temp.file("dump.pm2.new"));  // where it would be written beside
    const auto written = write_dump(temp.home(), dump_with("next"));
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("cannot create '" + temp.file("dump.pm2.new").string() + "'") == 0);
    CHECK(temp.read("dump.pm2") == dump_with("now"));
    CHECK(temp.read("dump.pm2.bak") == dump_with("old"));
}

}  // namespace kpm::ipc
