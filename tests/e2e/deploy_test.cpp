// kpm deploy with real git, and an ssh that is a shell on this machine.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::deploy_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// A repository with one commit, a clone to deploy from, a host to deploy to.
class Site {
public:
    Site() {
        fs::permissions(kpm_.write("bin/ssh", "#!/bin/sh\necho \"$1\" >>" + (kpm_.work() / "hosts").string() +
                                                  "\nshift\nexec sh -c \"$*\"\n"),
                        fs::perms::all);
        git({"init", "-q", "-b", "main", "origin"}, ".");
        commit("one");
        git({"clone", "-q", "origin", "clone"}, ".");
        kpm_.write(
            "clone/ecosystem.json",
            R"({"apps":[],"deploy":{"production":{"user":"ann","host":"far",
            "ref":"origin/main","repo":")" +
                (kpm_.work() / "origin").string() + R"(","path":")" + target().string() +
                R"(","pre-deploy-local":"echo local","post-deploy":"echo post $GREETING >>$SHARED/hook",
            "env":{"greeting":"it's here"}}}})");
        fs::create_directories(target().parent_path());
    }
    CommandResult deploy(std::vector<std::string> words) const {
        words.insert(words.begin(), {(bin_dir() / "kpm").string(), "deploy"});
        return run_command(words, env(), (kpm_.work() / "clone").string());
    }
    void commit(const std::string& text) const { add("file", text); }
    void add(const std::string& name, const std::string& text) const {
        kpm_.write("origin/" + name, text);
        git({"add", name}, "origin");
        git({"commit", "-q", "-m", name}, "origin");
    }
    fs::path target() const { return kpm_.work() / "far host" / "app"; }
    std::string deployed() const { return kpm_.read(target() / "current/file"); }
    std::string read(const std::string& name) const { return kpm_.read(kpm_.work() / name); }
    const KpmHome& kpm() const { return kpm_; }

private:
    std::map<std::string, std::string> env() const {
        auto env = kpm_.env();
        env["PATH"] = (kpm_.work() / "bin").string() + ":" + bin_dir().string() + ":" + std::getenv("PATH");
        for (const char* who : {"GIT_AUTHOR", "GIT_COMMITTER"}) {
            env[std::string(who) + "_NAME"] = "test";
            env[std::string(who) + "_EMAIL"] = "test@localhost";
        }
        env["GIT_CONFIG_GLOBAL"] = "/dev/null";
        return env;
    }
    void git(std::vector<std::string> words, const std::string& folder) const {
        words.insert(words.begin(), "git");
        const CommandResult result = run_command(words, env(), (kpm_.work() / folder).string());
        INFO(result.err);
        REQUIRE(result.status == 0);
    }

    KpmHome kpm_;
};

}  // namespace

TEST_CASE("deploy: set up, update, look, revert", "[e2e]") {
    const Site site;
    const CommandResult setup = site.deploy({"production", "setup"});
    INFO(setup.out << setup.err);
    REQUIRE(setup.status == 0);
    CHECK(setup.out.starts_with(
        "--> Deploying to production environment\n--> on host far\n  ○ hook pre-setup\n"));
    CHECK(setup.out.ends_with("  ○ setup complete\n--> Success\n"));
    CHECK(site.read("hosts").starts_with("ann@far\n"));
    CHECK(site.deployed() == "one");

    const CommandResult first = site.deploy({"ecosystem.json", "production"});
    INFO(first.out << first.err);
    REQUIRE(first.status == 0);
    CHECK(has(first.out, "  ○ deploying origin/main\n  ○ executing pre-deploy-local\nlocal\n"));
    CHECK(has(first.out, "  ○ successfully deployed origin/main\n--> Success\n"));
    CHECK(site.kpm().read(site.target() / "shared/hook") == "post it's here\n");

    site.commit("two");
    REQUIRE(site.deploy({"production", "update"}).status == 0);
    CHECK(site.deployed() == "two");
    CHECK(has(site.deploy({"production", "list"}).out, "0\t"));
    CHECK(has(site.deploy({"production", "list"}).out, "\n1\t"));
    CHECK(has(site.deploy({"production", "exec", "cat file; echo"}).out, "\ntwo\n"));
    CHECK(has(site.deploy({"production", "exec", "printf", "%s.", "-n", "--color"}).out, "\n-n.--color."));
    CHECK(has(site.deploy({"production", "exec", "--", "head", "-c", "2", "file"}).out, "\ntw"));
    const std::string current = site.deploy({"production", "curr"}).out;
    CHECK(current != site.deploy({"production", "prev"}).out);

    const Json listed = Json::parse(site.deploy({"production", "list", "--json"}).out);
    CHECK(listed[0]["host"] == "far");
    REQUIRE(listed[0]["commits"].size() == 2);
    CHECK(has(current, listed[0]["commits"][0].get<std::string>().substr(0, 7)));
    CHECK(Json::parse(site.deploy({"production", "prev", "--json"}).out) ==
          Json::array({{{"host", "far"}, {"commit", listed[0]["commits"][1]}}}));
    CHECK(site.deploy({"production", "update", "--json"}).status == 1);
    CHECK(site.deployed() == "two");

    REQUIRE(site.deploy({"production", "revert", "1"}).status == 0);
    CHECK(site.deployed() == "one");
    REQUIRE(site.deploy({"production", "ref", "origin/main"}).status == 0);
    CHECK(site.deployed() == "two");
}

TEST_CASE("deploy: without a post-deploy the file's apps are started or restarted there", "[e2e]") {
    const Site site;
    const std::string file = R"({"apps":[{"name":"web","script":"./app.sh","interpreter":"sh",
        "env_production":{"MODE":"prod"}}],"deploy":{"production":{"user":"ann","host":"far",
        "ref":"origin/main","repo":")" +
                             (site.kpm().work() / "origin").string() + R"(","path":")" +
                             site.target().string() + R"("}}})";
    site.add("app.sh", "echo $MODE\nwhile :; do sleep 1; done\n");
    site.add("ecosystem.json", file);
    site.kpm().write("clone/ecosystem.json", file);
    REQUIRE(site.deploy({"production", "setup"}).status == 0);
    const CommandResult first = site.deploy({"production", "--force"});
    INFO(first.out << first.err << site.kpm().daemon_log());
    REQUIRE(first.status == 0);
    CHECK(has(first.out, "executing post-deploy `kpm startOrRestart ecosystem.json --env production`"));
    Json app = site.kpm().find("web");
    REQUIRE_FALSE(app.is_null());
    CHECK(app["pm2_env"]["status"] == "online");
    CHECK(app["pm2_env"]["pm_cwd"] == (site.target() / "current").string());
    CHECK(eventually([&] { return site.kpm().read(site.kpm().home() / "logs/web-out.log") == "prod\n"; }));
    CHECK(site.deploy({"production", "--force"}).status == 0);
    app = site.kpm().find("web");
    CHECK(app["pm2_env"]["restart_time"] == 1);
    CHECK(site.kpm().list().size() == 1);
}

TEST_CASE("deploy: failures end it, are named, exit 1", "[e2e]") {
    const Site site;
    const auto says = [&](std::vector<std::string> words, const std::string& text) {
        const CommandResult result = site.deploy(std::move(words));
        INFO(result.out << result.err);
        CHECK(result.status == 1);
        CHECK(has(result.out + result.err, text));
    };
    says({"nix"}, "nix environment is not defined in ecosystem.json file");
    says({"nothing.json", "production"}, "File nothing.json not found");
    says({"production"}, "fetch failed (exit code ");
    REQUIRE(site.deploy({"production", "setup"}).status == 0);
    says({"production", "revert", "5"}, "cannot revert '5'");
    says({"production", "ref", "no-such-branch"}, "git reset failed");
    says({"production", "exec", "exit 7"}, "Deploy failed");
    site.kpm().write("clone/file", "changed");
    says({"production"}, "cannot deploy 'production': commit or stash your changes first, or use --force");
    CHECK(site.deploy({"production", "--force"}).status == 0);
    CHECK(has(site.deploy({"help"}).out, "kpm deploy [file] <environment> [command]"));
    fs::remove(site.kpm().work() / "clone/ecosystem.json");
    says({"production"}, "Not any default deployment file exists.");
}

}  // namespace kpm::deploy_test
