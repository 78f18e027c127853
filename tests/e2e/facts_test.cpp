// What lists and descriptions tell of apps and of the machine beside status and pid.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "ipc/base/text.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::facts_test {
using namespace test;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string node_version(const KpmHome& kpm, const std::string& name) {
    return kpm.find(name)["pm2_env"].value("node_version", "");
}

}  // namespace

TEST_CASE("facts: the version of Node that an app runs with, though the app does not tell it", "[e2e]") {
    const KpmHome kpm(std::map<std::string, std::string>{{"NODE_OPTIONS", "--no-warnings"}});
    const std::string printed = run_command({"node", "--version"}).out;
    const std::string version(trim(std::string_view(printed).substr(1)));
    kpm.write("app.js", "setInterval(() => {}, 1000)\n");
    kpm.write("app.sh", "exec sleep 600\n");
    // An interpreter of its own, which says what the test wants, and how often it was asked.
    const std::string asked = kpm.work() / "asked";
    const std::string other =
        kpm.write("other/node", "#!/bin/sh\nif [ \"$1\" = -p ]; then echo \"[$NODE_OPTIONS]\" >> '" + asked +
                                    "'; echo v1.2.3; else exec sleep 600; fi\n");
    fs::permissions(other, fs::perms{0755});
    REQUIRE(kpm.kpm({"start", "app.js"}).status == 0);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "shell"}).status == 0);
    for (const char* name : {"one", "two", "three"})
        REQUIRE(kpm.kpm({"start", "app.js", "--name", name, "--interpreter", other}).status == 0);
    CHECK(eventually([&] { return node_version(kpm, "app") == version; }));
    CHECK(has(kpm.kpm({"describe", "app"}).out, " node.js version   │ " + version + " "));
    for (const char* name : {"one", "two", "three"})
        CHECK(eventually([&] { return node_version(kpm, name) == "1.2.3"; }));
    CHECK(kpm.kpm({"restart", "one"}).status == 0);
    CHECK(eventually([&] { return node_version(kpm, "one") == "1.2.3"; }));
    CHECK(node_version(kpm, "shell").empty());
    CHECK(kpm.read(asked) == "[]\n");  // once, and without what the app's environment would have it load

    // Another program in its place is asked anew.
    kpm.write("other/node", "#!/bin/sh\nif [ \"$1\" = -p ]; then echo v4.5.6; else exec sleep 600; fi\n");
    CHECK(kpm.kpm({"restart", "one"}).status == 0);
    CHECK(eventually([&] { return node_version(kpm, "one") == "4.5.6"; }));
    CHECK(node_version(kpm, "two") == "1.2.3");
}

TEST_CASE("facts: describe hides what may be a secret, and shows all variables with --env", "[e2e]") {
    const KpmHome kpm(std::map<std::string, std::string>{{"SHARED_SETTING", "of the shell"}});
    kpm.write("app.sh", "exec sleep 600\n");
    kpm.write("ecosystem.json", R"({"apps":[{"name":"app","script":"./app.sh",
        "env":{"API_TOKEN":"s3cret","SHARED_SETTING":"of the app"}}]})");
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    const std::string brief = kpm.kpm({"describe", "app"}).out;
    CHECK(has(brief, "│ SHARED_SETTING │ (hidden)"));
    CHECK_FALSE(has(brief, "of the app"));
    CHECK_FALSE(has(brief, "s3cret"));
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"describe", "app", "--env"}, {"describe", "--env", "app"}}) {
        const CommandResult whole = kpm.kpm(words);
        INFO(whole.out << whole.err);
        CHECK(whole.status == 0);
        CHECK(has(whole.out, " s3cret "));
        CHECK(has(whole.out, " of the app "));
    }
    CHECK_FALSE(has(kpm.kpm({"describe", "app", "--json"}).out, "s3cret"));
    const Json facts = Json::parse(kpm.kpm({"describe", "app", "--env", "--json"}).out);
    CHECK(facts[0]["env"]["API_TOKEN"] == "s3cret");
}

TEST_CASE("facts: an interpreter that does not tell its version is no hindrance", "[e2e]") {
    const KpmHome kpm;
    for (const auto& [name, answer] : {std::pair{"silent", "exit 0"},
                                       {"odd", "echo no version"},
                                       {"hanging", "exec sleep 600"},
                                       {"endless", "exec yes"}}) {
        const std::string program =
            kpm.write(std::string(name) + "/node", std::string("#!/bin/sh\nif [ \"$1\" = -p ]; then ") +
                                                       answer + "; else exec sleep 600; fi\n");
        fs::permissions(program, fs::perms{0755});
        kpm.write("app.js", "");
        INFO(name);
        CHECK(kpm.kpm({"start", "app.js", "--name", name, "--interpreter", program}).status == 0);
        CHECK(kpm.find(name)["pm2_env"]["status"] == "online");
    }
    CHECK(kpm.kpm({"delete", "all"}).status == 0);
    // What still waits for its end goes with the daemon: KpmHome's destructor finds nothing left.
}

TEST_CASE("facts: the list ends with the machine's figures, unless they are switched off", "[e2e]") {
    const KpmHome kpm;
    const auto lists = [&] { return kpm.kpm({"list"}).out; };
    const std::string list = lists();
    INFO(list);
    CHECK(has(list, "\nhost metrics | cpu: "));
    CHECK(has(list, "% | ram usage: "));
    CHECK(kpm.kpm({"set", "pm2:sysmonit", "false"}).status == 0);
    CHECK_FALSE(has(lists(), "host metrics"));
    CHECK(kpm.kpm({"set", "pm2:sysmonit", "true"}).status == 0);
    CHECK(has(lists(), "host metrics"));
}

TEST_CASE("facts: the list shows the user that an app runs as", "[e2e]") {
    REQUIRE(::getuid() == 0);
    const KpmHome kpm;
    fs::permissions(kpm.work().parent_path(), fs::perms{0755});
    kpm.write("app.sh", "exec sleep 600\n");
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "a", "--uid", "nobody"}).status == 0);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "b", "--uid", "1"}).status == 0);
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", "c"}).status == 0);
    const std::string list = kpm.kpm({"list"}).out;
    INFO(list);
    for (const char* user : {" nobody ", " daemon ", " root "}) CHECK(has(list, user));
}

TEST_CASE("facts: folders of logs and pid files are made, and it is said", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", "exec sleep 600\n");
    const std::string work = kpm.work();
    CommandResult started = kpm.kpm({"start", "app.sh", "-o", "new/a/o.log", "-e", "new/b/e.log", "-l",
                                     "new/c/l.log", "-p", "new/d/p.pid"});
    INFO(started.out << started.err);
    CHECK(started.status == 0);
    for (const char* folder : {"a", "b", "c", "d"}) {
        CHECK(has(started.err, "[PM2][WARN] Folder does not exist: " + work + "/new/" + folder + "\n"));
        CHECK(has(started.out, "[PM2] Creating folder: " + work + "/new/" + folder + "\n"));
    }
    CHECK(eventually([&] {
        return kpm.read(work + "/new/d/p-0.pid") == std::to_string(kpm.find("app")["pid"].get<int>());
    }));
    kpm.write("eco.json", R"({apps: [{name: 'other', script: 'app.sh', out_file: 'more/o.log'}]})");
    started = kpm.kpm({"start", "eco.json"});
    CHECK(has(started.out, "[PM2] Creating folder: " + work + "/more\n"));
    CHECK_FALSE(has(kpm.kpm({"start", "app.sh", "--name", "third"}).out, "Creating folder"));
}

}  // namespace kpm::facts_test
