#include <catch2/catch.hpp>

#include <algorithm>

#include "cli/deploy/deployment.h"
#include "cli/deploy/steps.h"

namespace kpm::cli {
namespace {

Json section() {
    return {{"production",
             {{"user", "u"},
              {"host", {"one", "two"}},
              {"ref", "origin/main"},
              {"repo", "git@host:x.git"},
              {"path", "~/my app/"},
              {"post-deploy", "npm install\nkpm reload all"},
              {"env", {{"node_env", "it's"}}}}}};
}

Result<Deployment> read_with(const char* key, const Json& value) {
    Json changed = section();
    changed["production"][key] = value;
    return read_deployment(changed, "production", "e.json");
}

std::string script_titled(const std::vector<DeployStep>& steps, std::string_view title) {
    const auto step =
        std::ranges::find_if(steps, [&](const DeployStep& s) { return s.title.starts_with(title); });
    return step == steps.end() ? "none" : step->script;
}

}  // namespace

TEST_CASE("deploy: a section is read, hosts in all of PM2's forms", "[unit][cli][deploy]") {
    const auto deployment = read_deployment(section(), "production", "e.json");
    REQUIRE(deployment);
    CHECK(deployment->hosts == std::vector<DeployHost>{{"one", "u", "", ""}, {"two", "u", "", ""}});
    CHECK(deployment->path == "~/my app");
    CHECK(deployment->variables == ecosystem::Environment{{"NODE_ENV", "it's"}});
    CHECK(read_with("host", "one")->hosts.size() == 1);
    const auto objects =
        read_with("host", Json::array({{{"host", "three"}, {"port", 2222}, {"user", "v"}}, "four"}));
    CHECK(objects->hosts == std::vector<DeployHost>{{"three", "v", "2222", ""}, {"four", "u", "", ""}});
}

TEST_CASE("deploy: without a post-deploy the file is started from where it lies", "[unit][cli][deploy]") {
    const auto post_deploy = [](const char* file) { return default_post_deploy(file, "/srv/app", "it's"); };
    const std::string end = " --env 'it'\\''s'";
    CHECK(post_deploy("eco.json") == "kpm startOrRestart eco.json" + end);
    CHECK(post_deploy("config/eco.config.js") == "kpm startOrRestart config/eco.config.js" + end);
    CHECK(post_deploy("./a/../my config/eco.json") == "kpm startOrRestart 'my config/eco.json'" + end);
    CHECK(post_deploy("/srv/app/config/eco.json") == "kpm startOrRestart config/eco.json" + end);
    // Not below the folder: nothing tells where it lies on the host.
    CHECK(post_deploy("../eco.json") == "kpm startOrRestart eco.json" + end);
    CHECK(post_deploy("/etc/eco.json") == "kpm startOrRestart eco.json" + end);
}

TEST_CASE("deploy: what is missing or wrong is named", "[unit][cli][deploy]") {
    CHECK(read_deployment(section(), "nix", "e.json").error().message ==
          "nix environment is not defined in e.json file");
    CHECK(read_deployment(Json::object(), "x", "e.json").error().code == ErrorCode::NotFound);
    for (const char* key : {"host", "repo", "path", "ref"}) {
        Json lacking = section();
        lacking["production"].erase(key);
        CHECK(read_deployment(lacking, "production", "e.json").error().message ==
              "Missing required property: " + std::string(key));
    }
    CHECK_FALSE(read_with("host", "-oProxyCommand=x"));
    CHECK_FALSE(read_with("host", "a b"));
    CHECK_FALSE(read_with("host", Json::array()));
    CHECK_FALSE(read_with("user", "-x"));
    CHECK_FALSE(read_with("ref", "--upload-pack=x"));
    CHECK_FALSE(read_with("repo", "--config=x"));
    CHECK_FALSE(read_with("env", {{"A;x", "1"}}));
}

TEST_CASE("deploy: scripts quote what they are given, ~ stays the host's", "[unit][cli][deploy]") {
    const auto deployment = *read_deployment(section(), "production", "e.json");
    const auto setup = setup_steps(deployment);
    CHECK(script_titled(setup, "running setup") ==
          "mkdir -p \"$HOME\"/'my app/shared/logs' \"$HOME\"/'my app/shared/pids'");
    CHECK(script_titled(setup, "full fetch") ==
          "git clone --branch main -- git@host:x.git \"$HOME\"/'my app/source'");
    const auto update = update_steps(deployment, "v1; rm -rf x");
    CHECK(script_titled(update, "resetting") ==
          "cd \"$HOME\"/'my app/source' && git reset --hard 'v1; rm -rf x'");
    CHECK(script_titled(update, "executing post-deploy") ==
          "cd \"$HOME\"/'my app/current' && export SHARED=\"$HOME\"/'my app/shared' NODE_ENV='it'\\''s' && { "
          "npm "
          "install\nkpm reload all\n}");
    CHECK(script_titled(update, "executing pre-deploy-local").empty());
    CHECK(script_titled(update_steps(*read_with("fetch", "fast"), "x"), "fast fetch")
              .ends_with("git fetch --depth=5 --all --tags"));
}

TEST_CASE("deploy: ssh gets its options and one word of script; localhost needs none",
          "[unit][cli][deploy]") {
    Deployment deployment = *read_with("ssh_options", Json::array({"StrictHostKeyChecking=no"}));
    deployment.forwards_agent = deployment.needs_terminal = true;
    const DeployHost host{"one", "u", "22", "/k"};
    CHECK(shell_words(deployment, host, "echo 'x'") ==
          std::vector<std::string>{"ssh", "-o", "StrictHostKeyChecking=no", "-p", "22", "-i", "/k", "-A",
                                   "-t", "u@one", "sh -c 'echo '\\''x'\\'''"});
    CHECK(shell_words(deployment, {"localhost", "u", "", ""}, "x") ==
          std::vector<std::string>{"sh", "-c", "x"});
}

}  // namespace kpm::cli
