// update, report, doctor: looking after a daemon that has apps.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::care_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kApp = "#!/bin/sh\nwhile :; do sleep 1; done\n";

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A second installation: copies of the programs.
fs::path copy_programs(const KpmHome& kpm) {
    const fs::path folder = kpm.work() / "other";
    fs::create_directories(folder);
    for (const char* name : {"kpm", "kpmd", "kpm-gpu-monitor", "kpm-keeper", "kpm-serve"})
        fs::copy(bin_dir() / name, folder / name);
    return folder;
}

Json check_named(const Json& facts, const std::string& name) {
    for (const Json& check : facts["checks"]) {
        if (check["name"] == name) return check;
    }
    return {};
}

}  // namespace

TEST_CASE("update: another daemon, the same processes", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kApp);
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    const int app = kpm.find("app")["pid"], daemon = kpm.daemon_pid();
    const CommandResult updated = kpm.kpm({"update"});
    INFO(updated.out << updated.err << kpm.daemon_log());
    REQUIRE(updated.status == 0);
    CHECK(has(updated.out, ">>>>>>>>>> PM2 updated\n"));
    CHECK(has(updated.out, "│ app"));
    CHECK(eventually([&] { return kpm.daemon_pid() != daemon; }));
    CHECK_FALSE(is_running(daemon));
    const Json row = kpm.find("app");
    CHECK(row["pid"] == app);
    CHECK(row["pm2_env"]["restart_time"] == 0);
    CHECK(is_running(app));
    CHECK(kpm.kpm({"updatePM2"}).status == 0);
    CHECK(kpm.find("app")["pid"] == app);
}

TEST_CASE("update: from another installation the apps are started anew by this one", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kApp);
    const fs::path other = copy_programs(kpm);
    REQUIRE(
        run_command({(other / "kpm").string(), "start", "app.sh"}, kpm.env(), kpm.work().string()).status ==
        0);
    const int app = kpm.find("app")["pid"];
    const CommandResult updated = kpm.kpm({"update"});
    INFO(updated.out << updated.err << kpm.daemon_log());
    REQUIRE(updated.status == 0);
    CHECK(has(updated.out, "another installation's (" + (other / "kpmd").string()));
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
    CHECK_FALSE(is_running(app));
    CHECK(fs::read_symlink("/proc/" + std::to_string(kpm.daemon_pid()) + "/exe") == bin_dir() / "kpmd");
}

TEST_CASE("update, report, doctor: without a daemon they start none", "[e2e]") {
    const KpmHome kpm;
    const CommandResult updated = kpm.kpm({"update"});
    CHECK(updated.status == 0);
    CHECK(has(updated.out, "No daemon runs"));
    const CommandResult report = kpm.kpm({"report"});
    CHECK(report.status == 0);
    CHECK(has(report.out, "none runs"));
    kpm.kpm({"doctor"});
    CHECK(kpm.daemon_pid() == 0);
}

TEST_CASE("report: versions, machine, list and the daemon's last lines between fences", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kApp);
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    const CommandResult report = kpm.kpm({"report"});
    INFO(report.out << report.err);
    CHECK(report.status == 0);
    for (const char* part : {"```\n--- kpm report -", "--- Daemon -", "kpmd version         : ", "--- CLI -",
                             "--- System info -", "totalmem             : ", "--- PM2 list -", "│ app",
                             "--- Daemon logs -", "PM2        | ", "online"}) {
        INFO(part);
        CHECK(has(report.out, part));
    }
}

TEST_CASE("doctor: a healthy home, then what is wrong with it", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kApp);
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    REQUIRE(kpm.kpm({"save"}).status == 0);
    const CommandResult well = kpm.kpm({"doctor", "--json"});
    INFO(well.out << well.err);
    CHECK(well.status == 0);
    const Json facts = Json::parse(well.out);
    CHECK(facts["ok"] == true);
    for (const char* name : {"home", "disk", "programs", "daemon", "apps", "dump"}) {
        INFO(name);
        CHECK(check_named(facts, name)["state"] == "ok");
    }
    for (const char* name : {"pm2", "descriptors", "inotify", "node", "logs", "startup"})
        CHECK(check_named(facts, name).is_object());
    CHECK(has(kpm.kpm({"doctor"}).out, "✓ home"));

    const fs::path dump = kpm.home() / "dump.pm2";
    fs::resize_file(dump, 10);
    const CommandResult ill = kpm.kpm({"doctor"});
    INFO(ill.out << ill.err);
    CHECK(ill.status == 1);
    CHECK(has(ill.out, "✗ dump"));
    CHECK(has(ill.out, "cannot be restored: it is no JSON, or was cut short\n"));
    CHECK(fs::file_size(dump) == 10);  // it only looks

    // By the rule of what reads it.
    std::ofstream(dump) << R"([{"kpm_dump_version": 99}])";
    const CommandResult later = kpm.kpm({"doctor"});
    CHECK(later.status == 1);
    CHECK(has(later.out, "cannot be restored: a later kpm wrote it (version 99)\n"));
}

}  // namespace kpm::care_test
