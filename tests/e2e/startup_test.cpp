// kpm startup on a machine of files: what it writes below a folder of the test, and what it calls, which are
// programs of the test. A real systemd checks the unit where there is one.
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "ipc/base/unique_fd.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::startup_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A PATH with these tools only; each writes its command line to `calls`.
class Machine {
public:
    explicit Machine(std::vector<std::string> tools, int exit_code = 0) {
        for (const std::string& tool : tools) {
            const std::string path =
                kpm_.write("tools/" + tool, "#!/bin/sh\necho \"" + tool + " $*\" >>" + calls().string() +
                                                "\nexit " + std::to_string(exit_code) + "\n");
            fs::permissions(path, fs::perms::all);
        }
        fs::create_directories(kpm_.work() / "tools");
    }
    CommandResult run(std::vector<std::string> words, bool as_root = true) const {
        auto env = kpm_.env();
        env["PATH"] = (kpm_.work() / "tools").string();
        if (as_root) env["KPM_STARTUP_ROOT"] = root().string();
        words.insert(words.begin(), (bin_dir() / "kpm").string());
        return run_command(words, env, kpm_.work().string());
    }
    fs::path root() const { return kpm_.work() / "root"; }
    fs::path calls() const { return kpm_.work() / "calls"; }
    std::string read(const fs::path& path) const { return kpm_.read(path); }
    const KpmHome& kpm() const { return kpm_; }

private:
    KpmHome kpm_;
};

}  // namespace

TEST_CASE("startup: systemd gets a unit that is enabled, and loses it again", "[e2e]") {
    const Machine machine({"systemctl"});
    const CommandResult started = machine.run({"startup", "--service-name", "kpm-test"});
    INFO(started.out << started.err);
    REQUIRE(started.status == 0);
    CHECK(has(started.out, "[PM2] Init System found: systemd"));
    CHECK(has(started.out, "[PM2] [v] Command successfully executed."));
    CHECK(has(started.out, "kpm save"));
    const fs::path unit = machine.root() / "etc/systemd/system/kpm-test.service";
    const std::string text = machine.read(unit);
    CHECK(has(text, "ExecStart=/bin/sh -c \"exec " + (bin_dir() / "kpm-keeper").string() + " --home " +
                        machine.kpm().home().string() + " --daemon "));
    CHECK(machine.read(machine.calls()) == "systemctl daemon-reload\nsystemctl enable kpm-test\n");
    CHECK(machine.kpm().daemon_pid() == 0);  // nothing is started yet

    if (run_command({"sh", "-c", "command -v systemd-analyze"}).status == 0) {
        const CommandResult checked = run_command({"systemd-analyze", "verify", "--man=no", unit.string()});
        INFO(checked.err);
        CHECK_FALSE(has(checked.err, "kpm-test.service"));
    }
    const CommandResult ended = machine.run({"unstartup", "--service-name", "kpm-test"});
    CHECK(ended.status == 0);
    CHECK(has(ended.out, "[PM2] Init file disabled."));
    CHECK_FALSE(fs::exists(unit));
    CHECK(has(machine.read(machine.calls()),
              "systemctl stop kpm-test\nsystemctl disable kpm-test\nsystemctl daemon-reload\n"));
}

// The unit is carried out as systemd would: its variables, its commands, the word on NOTIFY_SOCKET.
TEST_CASE("startup: what the unit says starts the daemon and the saved apps, and ends them", "[e2e]") {
    const Machine machine({"systemctl"});
    const KpmHome& kpm = machine.kpm();
    kpm.write("app.sh", "#!/bin/sh\nwhile :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    REQUIRE(kpm.kpm({"save"}).status == 0);
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    REQUIRE(machine.run({"startup", "--service-name", "kpm-test"}).status == 0);
    const std::string unit = machine.read(machine.root() / "etc/systemd/system/kpm-test.service");
    INFO(unit);
    CHECK(has(unit, "\nType=notify\n"));
    const auto value = [&](const std::string& key) {
        const std::size_t begin = unit.find("\n" + key) + 1 + key.size();
        return unit.substr(begin, unit.find('\n', begin) - begin);
    };
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (kpm.work() / "notify").string();
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const UniqueFd manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const timeval limit{30, 0};
    ::setsockopt(manager.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

    auto env = kpm.env();
    const std::string home = value("Environment=\"KPM_HOME=");
    env["KPM_HOME"] = home.substr(0, home.find('"'));
    env["NOTIFY_SOCKET"] = path;
    const auto run = [&](const std::string& key) {
        return run_command({"sh", "-c", value(key)}, env, kpm.work().string());
    };
    RunningCommand keeper({"sh", "-c", "exec " + value("ExecStart=")}, env, kpm.work().string());
    char text[64];
    const ssize_t size = ::recv(manager.get(), text, sizeof text, 0);
    INFO(keeper.output());
    REQUIRE(size > 0);
    CHECK(std::string_view(text, static_cast<std::size_t>(size)) == "READY=1");
    const int daemon = kpm.daemon_pid();
    CHECK(is_running(daemon));
    CHECK_FALSE(has(kpm.read("/proc/" + std::to_string(daemon) + "/environ"), "NOTIFY_SOCKET=" + path));

    CHECK(run("ExecStartPost=-").status == 0);
    const int app = kpm.find("app")["pid"];
    CHECK(is_running(app));
    CHECK(run("ExecReload=").status == 0);
    CHECK(run("ExecStop=").status == 0);
    CHECK_FALSE(is_running(app));
    CHECK(keeper.end(0) == 0);
}

TEST_CASE("startup: the home is made for the user, as the log is opened there first", "[e2e]") {
    const Machine machine({"systemctl"});
    const fs::path home = machine.root() / machine.kpm().home().relative_path();
    REQUIRE(machine.run({"startup"}).status == 0);
    CHECK((fs::status(home).permissions() & fs::perms::all) == fs::perms::owner_all);
}

TEST_CASE("startup: scripts of the other systems are valid shell", "[e2e]") {
    for (const auto& [word, tool, file] :
         std::vector<std::array<std::string, 3>>{{"openrc", "rc-update", "etc/init.d/kpm-x"},
                                                 {"upstart", "update-rc.d", "etc/init.d/kpm-x"},
                                                 {"systemv", "chkconfig", "etc/init.d/kpm-x"},
                                                 {"freebsd", "sysrc", "usr/local/etc/rc.d/kpm-x"},
                                                 {"openbsd", "rcctl", "etc/rc.d/kpm-x"}}) {
        INFO(word);
        const Machine machine({tool});
        const CommandResult started =
            machine.run({"startup", word, "--service-name", "kpm-x", "--hp", "/h o'me"});
        INFO(started.out << started.err);
        REQUIRE(started.status == 0);
        const fs::path path = machine.root() / file;
        CHECK((fs::status(path).permissions() & fs::perms::owner_exec) != fs::perms::none);
        CHECK(run_command({"sh", "-n", path.string()}).status == 0);
        CHECK(has(machine.read(machine.calls()), tool));
    }
}

TEST_CASE("startup: launchd's property list and SMF's manifest say to a reader what they should", "[e2e]") {
    const auto python = [](const std::string& program, const fs::path& path) {
        const CommandResult read = run_command({"python3", "-c", program, path.string()});
        INFO(read.err);
        REQUIRE(read.status == 0);
        return Json::parse(read.out);
    };
    const std::string program = (bin_dir() / "kpm").string();
    SECTION("launchd") {
        const Machine machine({"launchctl"});
        REQUIRE(machine.run({"startup", "launchd", "--service-name", "com.example.kpm"}).status == 0);
        const std::string home = machine.kpm().home().string();
        const Json plist =
            python("import json, plistlib, sys\nprint(json.dumps(plistlib.load(open(sys.argv[1], 'rb'))))",
                   machine.root() / "Library/LaunchDaemons/com.example.kpm.plist");
        CHECK(plist["Label"] == "com.example.kpm");
        CHECK(plist["RunAtLoad"] == true);
        CHECK(plist["AbandonProcessGroup"] == true);
        CHECK(plist["ProgramArguments"] == Json{program, "resurrect"});
        CHECK(plist["EnvironmentVariables"]["KPM_HOME"] == home);
        CHECK(plist["StandardErrorPath"] == home + "/pm2.log");
    }
    SECTION("SMF") {
        const Machine machine({"svcadm", "svccfg"});
        const std::string user_home = "/h <o'me> & \"x\"";
        REQUIRE(machine.run({"startup", "smf", "--service-name", "kpm_x", "--hp", user_home}).status == 0);
        const Json manifest = python(
            "import json, sys, xml.etree.ElementTree as e\nr = e.parse(sys.argv[1]).getroot()\n"
            "print(json.dumps({'tag': r.tag, 'type': r.get('type'),\n"
            "  'folder': r.find('.//method_context').get('working_directory'),\n"
            "  'exec': {m.get('name'): m.get('exec') for m in r.iter('exec_method')}}))",
            machine.root() / "var/svc/manifest/application/kpm_x.xml");
        CHECK(manifest["tag"] == "service_bundle");
        CHECK(manifest["type"] == "manifest");
        CHECK(manifest["folder"] == user_home);
        CHECK(manifest["exec"]["start"] == "/bin/sh -c '" + program + " resurrect || " + program + " ping'");
        CHECK(manifest["exec"]["stop"] == program + " kill");
    }
}

TEST_CASE("startup: what goes wrong is said, exit 1", "[e2e]") {
    const auto says = [](const CommandResult& result, const std::string& text) {
        INFO(result.out << result.err);
        CHECK(result.status == 1);
        CHECK(has(result.out + result.err, text));
    };
    says(Machine({}).run({"startup"}), "[PM2][ERROR] Init system not found");
    says(Machine({"systemctl"}).run({"startup", "windows"}), "cannot set up 'windows': not an init system");
    says(Machine({"systemctl"}).run({"startup", "-u", "nobody-of-that-name"}), "no such user");
    says(Machine({"systemctl"}).run({"startup", "--service-name", "x; reboot"}),
         "cannot name a service 'x; reboot': letters, digits and _ . @ - only");
    says(Machine({"systemctl"}, 3).run({"startup"}), "cannot execute 'systemctl daemon-reload': exit code 3");
    const Machine blocked({"systemctl"});
    blocked.kpm().write("root/etc", "a file");
    says(blocked.run({"startup"}), "cannot make '");
    const CommandResult other = Machine({"systemctl", "rc-update"}).run({"startup", "openrc"});
    CHECK(other.status == 0);
    CHECK(has(other.out, "[PM2][WARN] this machine seems to use systemd, not openrc"));
    // A service that is not there is no reason to fail.
    CHECK(Machine({"systemctl"}, 5).run({"unstartup"}).status == 0);
}

TEST_CASE("startup: the service of a user that has been deleted can be removed", "[e2e]") {
    const Machine machine({"systemctl"});
    const std::string unit = machine.kpm().write("root/etc/systemd/system/kpm-gone-user.service", "[Unit]\n");
    const CommandResult ended = machine.run({"unstartup", "-u", "gone-user"});
    INFO(ended.out << ended.err);
    CHECK(ended.status == 0);
    CHECK_FALSE(fs::exists(unit));
    CHECK(has(machine.read(machine.calls()), "systemctl disable kpm-gone-user\n"));
}

TEST_CASE("startup: without root it says what to type, exit 1", "[e2e]") {
    if (::geteuid() == 0 && run_command({"setpriv", "--reuid=65534", "true"}).status != 0) {
        WARN("cannot become another user here");
        return;
    }
    const Machine machine({"systemctl"});
    auto env = machine.kpm().env();
    env["KPM_HOME"] = "/var/my kpm";
    env["PATH"] = (machine.kpm().work() / "tools").string() + ":" + std::getenv("PATH");
    fs::permissions(machine.kpm().work().parent_path(), fs::perms::all);
    std::vector<std::string> words{(bin_dir() / "kpm").string(), "startup", "-u", "root", "--wait-ip"};
    if (::geteuid() == 0) words.insert(words.begin(), {"setpriv", "--reuid=65534", "--clear-groups"});
    CommandResult result = run_command(words, env, "/");
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(has(result.out, "[PM2] To setup the Startup Script, copy/paste the following command:\n"));
    CHECK(has(result.out, "sudo env PATH=$PATH KPM_HOME='/var/my kpm' " + (bin_dir() / "kpm").string() +
                              " startup systemd -u root --hp /root --wait-ip\n"));
    // It stays one word in the shell of whoever pastes it.
    env["PATH"] += ":/opt/my tools";
    result = run_command(words, env, "/");
    CHECK(has(result.out, "sudo env \"PATH=$PATH\" KPM_HOME="));
}

}  // namespace kpm::startup_test
