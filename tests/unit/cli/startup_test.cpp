#include <catch2/catch.hpp>

#include <set>

#include "cli/startup/init_system.h"
#include "cli/startup/quoting.h"

namespace kpm::cli {
namespace {

Service sample() {
    return {.name = "kpm-ann",
            .user = "ann",
            .user_directory = "/home/ann",
            .home = "/home/ann/my $kpm 100%",
            .kpm = "/opt/kpm/kpm",
            .keeper = "/opt/kpm/kpm-keeper",
            .daemon = "/opt/kpm/kpmd",
            .path = "/usr/bin:/opt/it's"};
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("startup: PM2's words for the init systems are known", "[unit][cli][startup]") {
    for (const char* word :
         {"systemd",     "ubuntu",  "centos",  "arch",    "oracle", "upstart", "ubuntu14", "ubuntu12",
          "systemv",     "amazon",  "centos6", "launchd", "macos",  "darwin",  "rcd",      "freebsd",
          "rcd-openbsd", "openbsd", "openrc",  "smf",     "sunos",  "solaris"}) {
        INFO(word);
        CHECK(find_init_system(word) != nullptr);
    }
    CHECK(find_init_system("") == nullptr);
    CHECK(find_init_system("windows") == nullptr);
}

TEST_CASE("startup: the first tool in PATH tells the init system", "[unit][cli][startup]") {
    const auto detect = [](std::set<std::string, std::less<>> tools) -> std::string_view {
        const InitSystem* found =
            detect_init_system([&](std::string_view tool) { return tools.contains(tool); });
        return found == nullptr ? "" : found->name;
    };
    CHECK(detect({"systemctl", "update-rc.d"}) == "systemd");
    CHECK(detect({"update-rc.d", "rc-update"}) == "upstart");
    CHECK(detect({"rc-update"}) == "openrc");
    CHECK(detect({"svcadm"}) == "smf");
    CHECK(detect({}).empty());
}

TEST_CASE("startup: a unit watches the keeper and quotes what is in paths", "[unit][cli][startup]") {
    const std::string unit = systemd_unit(sample());
    CHECK(has(unit, "Type=notify\nUser=ann\n"));
    CHECK(has(unit, "Environment=\"KPM_HOME=/home/ann/my $kpm 100%%\"\n"));
    CHECK(has(unit, "Environment=\"PATH=/usr/bin:/opt/it's\"\n"));
    CHECK(has(unit,
              "ExecStart=/bin/sh -c \"exec /opt/kpm/kpm-keeper --home '/home/ann/my $$kpm 100%%' --daemon "
              "/opt/kpm/kpmd --foreground >>'/home/ann/my $$kpm 100%%/pm2.log' 2>&1\"\n"));
    CHECK(has(unit, "ExecStartPost=-/opt/kpm/kpm resurrect\n"));
    CHECK(has(unit, "ExecStop=/opt/kpm/kpm kill\n"));
    CHECK(has(unit, "OOMPolicy=continue\n"));
    CHECK(has(unit, "After=network.target\n"));
    Service waiting = sample();
    waiting.wait_for_network = true;
    CHECK(has(systemd_unit(waiting), "Wants=network-online.target\nAfter=network-online.target\n"));
}

TEST_CASE("startup: root opens no file in the user's folder", "[unit][cli][startup]") {
    // systemd would open it before it becomes User=, through whatever link the user has put there.
    const std::string unit = systemd_unit(sample());
    CHECK_FALSE(has(unit, "StandardOutput="));
    CHECK_FALSE(has(unit, "StandardError="));
}

TEST_CASE("startup: every system has a file, a text and commands with the service's name",
          "[unit][cli][startup]") {
    std::set<std::string_view> names;
    for (const InitSystem& system : init_systems()) {
        INFO(system.name);
        CHECK(names.insert(system.name).second);
        Service service = sample();
        service.name = default_service_name(system, "ann");
        const std::string text = system.text(service);
        CHECK(has(text, "ann"));
        CHECK(has(text, "/opt/kpm/kpm"));
        CHECK(has(text, "resurrect"));
        CHECK(system.file(service).starts_with('/'));
        CHECK(has(system.file(service), service.name));
        CHECK_FALSE(system.enable(service).empty());
        CHECK_FALSE(system.disable(service).empty());
    }
    CHECK(default_service_name(*find_init_system("systemd"), "ann") == "kpm-ann");
    CHECK(default_service_name(*find_init_system("freebsd"), "ann") == "kpm_ann");
}

TEST_CASE("startup: a service's name can stand in scripts and commands", "[unit][cli][startup]") {
    for (const char* name : {"kpm-ann", "kpm_ann", "kpm@ann", "com.example.kpm", "_x", "0"})
        CHECK(is_service_name(name));
    for (const char* name : {"", "-f", ".", "..", "a/b", "a b", "a;reboot", "a$(reboot)", "a\nb", "ä"})
        CHECK_FALSE(is_service_name(name));
}

TEST_CASE("startup: an app that does not come up is no failure of the service, a missing daemon is one",
          "[unit][cli][startup]") {
    Service service = sample();
    service.home = "/h";
    service.path = "/bin";
    const std::string as_user =
        "su ann -s /bin/sh -c 'PATH=/bin KPM_HOME=/h HOME=/home/ann exec /opt/kpm/kpm ";
    for (const char* name : {"openrc", "systemv", "freebsd", "openbsd"}) {
        INFO(name);
        CHECK(has(
            find_init_system(name)->text(service),
            "start_kpm() {\n    " + as_user + "resurrect' ||\n        " + as_user + "ping >/dev/null'\n}\n"));
    }
    CHECK(has(find_init_system("smf")->text(service),
              "exec=\"/bin/sh -c &apos;/opt/kpm/kpm resurrect || /opt/kpm/kpm ping&apos;\""));
    CHECK(has(find_init_system("systemd")->text(service), "ExecStartPost=-/opt/kpm/kpm resurrect\n"));
}

TEST_CASE("quoting: a word stays one word", "[unit][cli][startup]") {
    CHECK(shell_word("/usr/bin/kpm") == "/usr/bin/kpm");
    CHECK(shell_word("it's $(x)") == "'it'\\''s $(x)'");
    CHECK(shell_word("") == "''");
    CHECK(unit_word("a b\"\\%$") == "\"a b\\\"\\\\%%$$\"");
    CHECK(xml_text("<a & 'b'>\"") == "&lt;a &amp; &apos;b&apos;&gt;&quot;");
}

}  // namespace kpm::cli
