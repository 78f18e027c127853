#include "daemon/io/zone_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

#include "tests/support/temp_dir.h"
#include "tests/support/tzif_bytes.h"

using namespace kpm;
using namespace std::chrono_literals;
using kpm::io::load_zone;
using kpm::test::TzifBytes;

namespace {

// Sets a variable of this process for as long as it lives; nullptr unsets it.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    ~Variable() { set(old_ ? old_->c_str() : nullptr); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

private:
    void set(const char* value) { value ? ::setenv(name_, value, 1) : ::unsetenv(name_); }

    const char* name_;
    std::optional<std::string> old_;
};

std::string why(std::string_view name) {
    const auto zone = load_zone(name);
    return zone ? "fine" : zone.error().message;
}

std::optional<std::chrono::seconds> offset_of(std::string_view name) {
    const auto zone = load_zone(name);
    if (!zone) return std::nullopt;
    return zone->offset_at({0});
}

}  // namespace

TEST_CASE("zone file: a zone is read by its name", "[integration][zone_file]") {
    const TempDir folder;
    const Variable place("TZDIR", folder.path().c_str());
    std::filesystem::create_directory(folder.path() / "Test");
    std::ofstream(folder.path() / "Test" / "Two") << TzifBytes{.offsets = {7200}}.build();
    std::ofstream(folder.path() / "broken") << "TZif";

    CHECK(offset_of("Test/Two") == 2h);
    CHECK(why("Test/Three") == "cannot load time zone 'Test/Three': no such time zone");
    CHECK(why("Test/Two/Three") == "cannot load time zone 'Test/Two/Three': no such time zone");
    CHECK(why("Test") == "cannot load time zone 'Test': it is not a file");
    CHECK(why("broken") == "cannot load time zone 'broken': the file is cut off");
    CHECK(why("Test/../broken") == "cannot load time zone 'Test/../broken': it is not a name");
    CHECK(why("/etc/localtime") == "cannot load time zone '/etc/localtime': it is a path, not a name");
    CHECK(why(std::string_view("a\0b", 3)).ends_with("it is not a name"));
}

TEST_CASE("zone file: without zoneinfo it says what to install", "[integration][zone_file]") {
    const TempDir folder;
    const std::string absent = folder.path() / "zoneinfo";
    const Variable place("TZDIR", absent.c_str());
    CHECK(why("Europe/Berlin") ==
          "cannot load time zone 'Europe/Berlin': there is no '" + absent + "', install the package tzdata");
    CHECK(offset_of("UTC") == 0s);
}

TEST_CASE("zone file: the machine's own zone follows TZ as libc does", "[integration][zone_file]") {
    const TempDir folder;
    const Variable place("TZDIR", folder.path().c_str());
    const std::string two = folder.path() / "Two";
    std::ofstream(two) << TzifBytes{.offsets = {7200}}.build();
    const auto with = [](const std::string& value) {
        const Variable variable("TZ", value.c_str());
        return offset_of("");
    };
    CHECK(with("Two") == 2h);
    CHECK(with(":Two") == 2h);
    CHECK(with(two) == 2h);
    CHECK(with(":" + two) == 2h);
    CHECK(with("") == 0s);
    CHECK(with("EST5EDT") == -5h);
    CHECK_FALSE(with("Three"));
    const Variable unset("TZ", nullptr);
    CHECK(offset_of(""));
}
