// The home's disk fills up: apps go on, nothing that was saved is lost, and it works again when there is
// room.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/small_disk.h"

namespace kpm::full_disk_test {
using namespace test;

namespace {

constexpr std::size_t kDisk = 512 * 1024;

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The home lies on the small disk; it goes only after the daemon.
struct FullDisk {
    // Declared first, so destroyed last: KpmHome's destructor ends the daemon and removes the folders.
    KpmHome kpm;
    SmallDisk disk{kpm.home(), kDisk};

    ~FullDisk() { kpm.kpm({"kill"}); }

    // The saved list, with app.sh in it.
    std::string save_first() const {
        REQUIRE(kpm.kpm({"start", "app.sh", "--name", "first"}).status == 0);
        REQUIRE(kpm.kpm({"save"}).status == 0);
        return kpm.read(kpm.home() / "dump.pm2");
    }
};

}  // namespace

TEST_CASE("full disk: save is refused with the reason, and the saved list is whole", "[e2e]") {
    const FullDisk full;
    const KpmHome& kpm = full.kpm;
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    const std::string saved = full.save_first();
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "second"}).status == 0);

    full.disk.fill();
    const CommandResult refused = kpm.kpm({"save"});
    CHECK(refused.status == 1);
    INFO(refused.out << refused.err);
    CHECK((refused.out + refused.err).find("dump.pm2.new': No space left on device") != std::string::npos);
    CHECK(kpm.read(kpm.home() / "dump.pm2") == saved);
    CHECK(kpm.list().size() == 2);

    full.disk.empty();
    CHECK(kpm.kpm({"save"}).status == 0);
    CHECK(kpm.read(kpm.home() / "dump.pm2").find("\"second\"") != std::string::npos);
    CHECK(kpm.read(kpm.home() / "dump.pm2.bak") == saved);
}

TEST_CASE("full disk: an app whose log cannot be written goes on, and what was lost is told", "[e2e]") {
    const FullDisk full;
    const KpmHome& kpm = full.kpm;
    const std::string ticks = kpm.write("ticks", "");
    // Lines of more than a page: none finds room in what a file has been given already.
    kpm.write("talk.sh", "line=$(printf '%05000d' 0)\nwhile :; do echo $line; echo . >> '" + ticks +
                             "'; sleep 0.05; done\n");
    REQUIRE(kpm.kpm({"start", "talk.sh"}).status == 0);
    const auto log = kpm.home() / "logs" / "talk-out.log";
    REQUIRE(eventually([&] { return lines_in(kpm.read(log)) > 2; }));
    const int pid = kpm.find("talk")["pid"];

    full.disk.fill();
    const std::size_t at_fill = lines_in(kpm.read(ticks));
    REQUIRE(eventually([&] { return lines_in(kpm.read(ticks)) > at_fill + 20; }));
    CHECK(kpm.find("talk")["pid"] == pid);
    CHECK(kpm.kpm({"list"}).status == 0);
    const auto state = [&] { return kpm.find("talk")["pm2_env"].value("log_state", Json::object()); };
    CHECK(eventually([&] { return state().value("dropped_bytes", 0) > 50'000; }));
    CHECK(state().value("failure", "").find("No space left on device") != std::string::npos);
    const std::string described = kpm.kpm({"describe", "talk"}).out;
    CHECK(described.find("output lost") != std::string::npos);
    CHECK(described.find("No space left on device") != std::string::npos);
    const CommandResult sick = kpm.kpm({"doctor"});
    CHECK(sick.status == 1);
    CHECK(sick.out.find("talk-out.log': No space left on device") != std::string::npos);

    full.disk.empty();
    const std::size_t before = lines_in(kpm.read(log));
    CHECK(eventually([&] { return lines_in(kpm.read(log)) > before + 2; }));
    CHECK(eventually([&] { return kpm.daemon_log().find("bytes were dropped") != std::string::npos; }));
    CHECK(eventually([&] { return !state().contains("failure"); }));
    CHECK(state().value("dropped_bytes", 0) > 50'000);
    CHECK(kpm.kpm({"doctor"}).out.find("bytes of talk") != std::string::npos);
    CHECK(kpm.find("talk")["pid"] == pid);
    CHECK(kpm.kpm({"stop", "talk"}).status == 0);
}

TEST_CASE("full disk: a daemon that is told to end keeps the saved list as it was", "[e2e]") {
    const FullDisk full;
    const KpmHome& kpm = full.kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    const std::string saved = full.save_first();
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "second"}).status == 0);
    const int daemon = kpm.daemon_pid(), app = kpm.find("first")["pid"];

    full.disk.fill();
    REQUIRE(::kill(daemon, SIGTERM) == 0);
    CHECK(eventually([&] { return !is_running(daemon) && !is_running(app); }));
    CHECK(kpm.read(kpm.home() / "dump.pm2") == saved);
    CHECK_FALSE(std::filesystem::exists(kpm.home() / "dump.pm2.new"));

    full.disk.empty();
    const CommandResult back = kpm.kpm({"resurrect"});
    INFO(back.out << back.err << kpm.daemon_log());
    CHECK(back.status == 0);
    const Json list = kpm.list();
    REQUIRE(list.size() == 1);
    CHECK(list[0]["name"] == "first");
    CHECK(list[0]["pm2_env"]["status"] == "online");
}

TEST_CASE("full disk: in a home that has become read-only save is refused, the daemon and the apps go on",
          "[e2e]") {
    const FullDisk full;
    const KpmHome& kpm = full.kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    const std::string saved = full.save_first();
    REQUIRE(kpm.kpm({"stop", "first"}).status == 0);
    REQUIRE(kpm.kpm({"start", "first"}).status == 0);
    const int daemon = kpm.daemon_pid(), app = kpm.find("first")["pid"];

    full.disk.make_read_only();
    const auto refused = [&](const std::vector<std::string>& args, const std::string& reason) {
        const CommandResult result = kpm.kpm(args);
        INFO(args.front() << "\n" << result.out << result.err);
        CHECK(result.status == 1);
        CHECK((result.out + result.err).find(reason) != std::string::npos);
    };
    refused({"save"}, "dump.pm2.new': Read-only file system");
    refused({"start", "app.sh", "--name", "second"}, "second-out.log': Read-only file system");
    CHECK(kpm.daemon_pid() == daemon);
    CHECK(kpm.find("first")["pid"] == app);
    CHECK(is_running(app));
    CHECK(kpm.read(kpm.home() / "dump.pm2") == saved);

    full.disk.make_writable();
    CHECK(kpm.kpm({"delete", "second"}).status == 0);
    CHECK(kpm.kpm({"restart", "first"}).status == 0);
    CHECK(kpm.kpm({"save"}).status == 0);
    CHECK(kpm.daemon_pid() == daemon);
}

TEST_CASE(
    "full disk: a daemon that dies in a home that has become read-only is followed by one that keeps the "
    "apps",
    "[e2e]") {
    const FullDisk full;
    const KpmHome& kpm = full.kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "first"}).status == 0);
    const int daemon = kpm.daemon_pid(), app = kpm.find("first")["pid"];

    full.disk.make_read_only();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    CHECK(eventually([&] { return kpm.daemon_log().find("commands have to wait") != std::string::npos; }));

    full.disk.make_writable();
    CHECK(eventually([&] { return kpm.daemon_log().find("commands are taken again") != std::string::npos; }));
    const Json row = kpm.find("first");
    CHECK(row["pid"] == app);
    CHECK(row["pm2_env"]["restart_time"] == 0);
    CHECK(is_running(kpm.daemon_pid()));
    CHECK(kpm.daemon_pid() != daemon);
}

}  // namespace kpm::full_disk_test
