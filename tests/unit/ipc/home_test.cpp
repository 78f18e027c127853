#include "ipc/home.h"

#include <catch2/catch.hpp>
#include <map>

using namespace kpm;
using namespace kpm::ipc;

namespace {

Result<Home> find(const std::map<std::string, std::string>& variables,
                  std::optional<std::string> directory = {}) {
    return find_home(
        [&](const char* name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found == variables.end() ? std::nullopt : std::optional(found->second);
        },
        directory);
}

std::string root_of(const Result<Home>& home) {
    REQUIRE(home);
    return home->root().string();
}

}  // namespace

TEST_CASE("home: KPM_HOME before PM2_HOME before HOME before the password file", "[unit][ipc]") {
    CHECK(root_of(find({{"KPM_HOME", "/k"}, {"PM2_HOME", "/p"}, {"HOME", "/h"}}, "/u")) == "/k");
    CHECK(root_of(find({{"PM2_HOME", "/p"}, {"HOME", "/h"}}, "/u")) == "/p");
    CHECK(root_of(find({{"HOME", "/h"}}, "/u")) == "/h/.kpm");
    CHECK(root_of(find({}, "/u")) == "/u/.kpm");
    CHECK(root_of(find({{"KPM_HOME", ""}, {"PM2_HOME", ""}, {"HOME", "/h"}})) == "/h/.kpm");
    CHECK(find({}).error().code == ErrorCode::NotFound);
}

TEST_CASE("home: the path is absolute and tidy", "[unit][ipc]") {
    CHECK(root_of(find({{"KPM_HOME", "/a/./b/../c/"}})) == "/a/c");
    CHECK(root_of(find({{"KPM_HOME", "rel"}})) == (std::filesystem::current_path() / "rel").string());
}

TEST_CASE("home: a path too long for a socket is refused with the reason", "[unit][ipc]") {
    const auto home = find({{"KPM_HOME", "/" + std::string(120, 'x')}});
    REQUIRE_FALSE(home);
    CHECK(home.error().code == ErrorCode::Invalid);
    CHECK(home.error().message.ends_with("rpc.sock': a socket's path has at most 107 bytes"));
}

TEST_CASE("home: the files have PM2's names", "[unit][ipc]") {
    const Home home("/h");
    CHECK(home.rpc_socket() == "/h/rpc.sock");
    CHECK(home.pub_socket() == "/h/pub.sock");
    CHECK(home.daemon_log() == "/h/pm2.log");
    CHECK(home.daemon_pid() == "/h/pm2.pid");
    CHECK(home.dump() == "/h/dump.pm2");
    CHECK(home.logs() == "/h/logs");
    CHECK(home.pids() == "/h/pids");
}
