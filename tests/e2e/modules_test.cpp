// install, uninstall and package: a package of npm becomes an app beside the user's own. All without a
// network.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::modules_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

bool has(const CommandResult& result, const std::string& part) {
    return (result.out + result.err).find(part) != std::string::npos;
}

// A package that says what it is told by its settings.
void write_package(const KpmHome& kpm, const std::string& folder, const std::string& version = "1.0.0") {
    kpm.write(
        folder + "/package.json",
        R"({"name":"my-module","version":")" + version +
            R"(","main":"main.sh","config":{"size":"10M"},"apps":[{"script":"main.sh","interpreter":"bash"}]})");
    kpm.write(folder + "/main.sh",
              "echo \"" + version + " size $size of $(basename \"$PWD\")\"\nwhile :; do sleep 1; done\n");
}

std::string said(const KpmHome& kpm) {
    return kpm.read(kpm.home() / "logs" / "my-module-out.log");
}

}  // namespace

TEST_CASE("modules: a package is installed, set up, kept through daemons, and removed", "[e2e]") {
    const KpmHome kpm;
    write_package(kpm, "my-module");
    CommandResult result = kpm.kpm({"install", "./my-module"});
    INFO(result.out << result.err << kpm.daemon_log());
    REQUIRE(result.status == 0);
    CHECK(has(result, "[PM2][Module] Module my-module successfully installed and launched"));
    CHECK(has(result, "\u2502 my-module"));
    CHECK(eventually([&] { return said(kpm).find("1.0.0 size 10M") != std::string::npos; }));
    CHECK(kpm.find("my-module")["pm2_env"]["pmx_module"] == true);

    // `all` does not mean it, and it is not saved.
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
    const int pid = kpm.find("my-module")["pid"];
    REQUIRE(kpm.kpm({"restart", "all"}).status == 0);
    CHECK(kpm.find("my-module")["pid"] == pid);
    REQUIRE(kpm.kpm({"save"}).status == 0);
    const Json dump = Json::parse(kpm.read(kpm.home() / "dump.pm2"));
    REQUIRE(dump.size() == 1);
    CHECK(dump[0]["name"] == "app");

    REQUIRE(kpm.kpm({"set", "my-module:size", "5K"}).status == 0);
    CHECK(eventually([&] { return said(kpm).find("size 5K") != std::string::npos; }));

    // A new daemon has it again, with its settings.
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    fs::remove(kpm.home() / "logs" / "my-module-out.log");
    result = kpm.kpm({"resurrect"});
    CHECK(result.status == 0);
    CHECK(has(result, "[PM2][Module] Starting module my-module"));
    CHECK(kpm.find("my-module")["pm2_env"]["status"] == "online");
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
    CHECK(eventually([&] { return said(kpm).find("size 5K") != std::string::npos; }));

    result = kpm.kpm({"uninstall", "my-module"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(kpm.find("my-module").is_null());
    CHECK_FALSE(fs::exists(kpm.home() / "modules" / "my-module"));
    result = kpm.kpm({"uninstall", "my-module"});
    CHECK(result.status == 1);
    CHECK(has(result, "[PM2][Module][ERROR] Unknown module"));
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    CHECK_FALSE(has(kpm.kpm({"ping"}), "Starting module"));
}

TEST_CASE("modules: an archive is made, installed, and replaced by a newer one", "[e2e]") {
    const KpmHome kpm;
    write_package(kpm, "source");
    CommandResult result = kpm.kpm({"package", "source"});
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    REQUIRE(fs::exists(kpm.work() / "my-module-v1-0-0.tar.gz"));
    result = kpm.kpm({"install", "my-module-v1-0-0.tar.gz"});
    INFO(result.out << result.err << kpm.daemon_log());
    REQUIRE(result.status == 0);
    CHECK(eventually([&] { return said(kpm).find("1.0.0 size 10M") != std::string::npos; }));

    write_package(kpm, "source", "1.1.0");
    REQUIRE(kpm.kpm({"package", "source"}).status == 0);
    result = kpm.kpm({"install", "my-module-v1-1-0.tar.gz"});
    INFO(result.out << result.err);
    REQUIRE(result.status == 0);
    CHECK(eventually([&] { return said(kpm).find("1.1.0 size 10M") != std::string::npos; }));
    CHECK(kpm.list().size() == 1);
    CHECK(kpm.kpm({"uninstall", "my-module"}).status == 0);
}

TEST_CASE("modules: an archive at an address is fetched and installed", "[e2e]") {
    const KpmHome kpm;
    write_package(kpm, "source");
    REQUIRE(kpm.kpm({"package", "source"}).status == 0);
    const std::string port = std::to_string(free_port()), site = "http://127.0.0.1:" + port;
    REQUIRE(kpm.kpm({"serve", ".", port}).status == 0);
    REQUIRE(eventually([&] {
        return run_command({"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/" + port}, kpm.env()).status == 0;
    }));
    CommandResult result = kpm.kpm({"install", site + "/my-module-v1-0-0.tar.gz"});
    INFO(result.out << result.err << kpm.daemon_log());
    REQUIRE(result.status == 0);
    CHECK(eventually([&] { return said(kpm).find("1.0.0 size 10M") != std::string::npos; }));
    result = kpm.kpm({"install", site + "/nothing.tar.gz"});
    CHECK(result.status == 1);
    CHECK(has(result, "cannot fetch '" + site + "/nothing.tar.gz'"));
}

TEST_CASE("modules: a package is installed by its name, and updated to the newest", "[e2e]") {
    const KpmHome kpm;
    // A registry of two files: what it knows of the package, and the package itself.
    const std::string port = std::to_string(free_port()), site = "http://127.0.0.1:" + port;
    const auto publish = [&](const std::string& version) {
        write_package(kpm, "package", version);
        REQUIRE(
            run_command({"tar", "-czf", "my-module-" + version + ".tgz", "package"}, {}, kpm.work()).status ==
            0);
        const Json about{{"name", "my-module"},
                         {"version", version},
                         {"dist", {{"tarball", site + "/my-module-" + version + ".tgz"}}}};
        kpm.write("my-module", Json{{"name", "my-module"},
                                    {"dist-tags", {{"latest", version}}},
                                    {"versions", {{version, about}}}}
                                   .dump());
    };
    publish("1.0.0");
    REQUIRE(kpm.kpm({"serve", ".", port}).status == 0);
    auto env = kpm.env();
    env["npm_config_registry"] = site;
    env["npm_config_cache"] = kpm.work() / "cache";
    env["npm_config_prefer_online"] = "true";
    const auto run = [&](const char* command) {
        const CommandResult result = run_command({bin_dir() / "kpm", command, "my-module"}, env, kpm.work());
        INFO(result.out << result.err << kpm.daemon_log());
        CHECK(result.status == 0);
        CHECK(has(result, "Module my-module successfully installed and launched"));
    };
    run("install");
    CHECK(eventually([&] { return said(kpm) == "1.0.0 size 10M of my-module\n"; }));
    publish("1.1.0");
    run("module:update");
    CHECK(eventually([&] { return said(kpm).ends_with("1.1.0 size 10M of my-module\n"); }));
    CHECK(kpm.list().size() == 2);  // the registry is the other
    CHECK(kpm.find("my-module")["pm2_env"]["version"] == "1.1.0");
    CHECK(kpm.kpm({"module:uninstall", "my-module"}).status == 0);
}

TEST_CASE("modules: a daemon that another program has started gets them by resurrect", "[e2e]") {
    const KpmHome kpm;
    write_package(kpm, "my-module");
    REQUIRE(kpm.kpm({"install", "./my-module"}).status == 0);
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    REQUIRE(run_command({(bin_dir() / "kpm-keeper").string(), "--home", kpm.home().string(), "--daemon",
                         (bin_dir() / "kpmd").string()},
                        kpm.env(), kpm.work())
                .status == 0);
    REQUIRE(eventually([&] { return fs::exists(kpm.home() / "rpc.sock"); }));
    CHECK(kpm.list().empty());
    const CommandResult result = kpm.kpm({"resurrect"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(kpm.find("my-module")["pm2_env"]["status"] == "online");
}

TEST_CASE("modules: one that dies is told of, and hinders no other command", "[e2e]") {
    const KpmHome kpm;
    kpm.write("broken/package.json",
              R"({"name":"broken","apps":[{"script":"main.sh","autorestart":false}]})");
    kpm.write("broken/main.sh", "exit 5\n");
    CHECK(kpm.kpm({"install", "./broken"}).status == 1);
    REQUIRE(kpm.kpm({"kill"}).status == 0);
    kpm.write("app.sh", "while :; do sleep 1; done\n");
    const CommandResult result = kpm.kpm({"start", "app.sh"});
    INFO(result.out << result.err << kpm.daemon_log());
    CHECK(result.status == 0);
    CHECK(has(result, "cannot start 'broken'"));
    CHECK(kpm.find("app")["pm2_env"]["status"] == "online");
}

TEST_CASE("modules: a name is no way out of the folder of modules", "[e2e]") {
    const KpmHome kpm;
    for (const char* name : {"../../out", "x/y", "/tmp/out", "a\\u001b]0;b"}) {
        kpm.write("source/package.json", std::string(R"({"name":")") + name + R"(","main":"main.sh"})");
        REQUIRE(run_command({"tar", "-czf", "module.tar.gz", "source"}, {}, kpm.work().string()).status == 0);
        const CommandResult result = kpm.kpm({"install", "module.tar.gz"});
        INFO(name << result.out << result.err);
        CHECK(result.status == 1);
        CHECK(has(result, "is no name of a package"));
        CHECK(result.err.find('\x1b') == std::string::npos);
    }
    CHECK(kpm.list().empty());
}

TEST_CASE("modules: what cannot be installed is said, exit 1", "[e2e]") {
    const KpmHome kpm;
    CHECK(has(kpm.kpm({"install", "../.."}), "cannot install '../..'"));
    kpm.write("broken.tar.gz", "no archive");
    CommandResult result = kpm.kpm({"install", "broken.tar.gz"});
    CHECK(result.status == 1);
    CHECK(has(result, "cannot unpack 'broken.tar.gz'"));
    kpm.write("empty/package.json", "{}");
    result = run_command({bin_dir() / "kpm", "install", "."}, kpm.env(), kpm.work() / "empty");
    CHECK(result.status == 1);
    CHECK(has(result, "it has no name"));
    auto env = kpm.env();
    env["npm_config_registry"] = "http://127.0.0.1:9";  // nobody listens
    env["npm_config_fetch_retries"] = "0";
    write_package(kpm, "no-such-module");  // only ./no-such-module means the folder
    result = run_command({bin_dir() / "kpm", "install", "no-such-module"}, env, kpm.work());
    CHECK(result.status == 1);
    CHECK(has(result, "Installation failed via NPM"));
    CHECK(kpm.list().empty());
}

}  // namespace kpm::modules_test
