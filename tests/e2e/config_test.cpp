// Configuration files through the built program: what a changed file does to apps that run, where variables
// come from, and what is said about a file that is wrong.
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"

namespace kpm::config_test {
using namespace test;

namespace {

constexpr const char* kForever = "while :; do sleep 1; done\n";

// Wrong files: exit code 1, the reason, and nothing left in the list.
void refuses(const KpmHome& kpm, const std::string& file, const std::string& text,
             const std::string& reason) {
    kpm.write(file, text);
    const CommandResult result = kpm.kpm({"start", file});
    INFO(file << "\n" << result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, reason));
}

std::string app_with(const std::string& attribute) {
    return "{apps: [{name: 'app', script: './app.sh',\n" + attribute + "}]}";
}

}  // namespace

TEST_CASE("config: what `kpm ecosystem` writes starts, by itself and by its name", "[e2e][node]") {
    const KpmHome kpm;
    const std::string server = "require('http').createServer().listen(0);\n";
    kpm.write("app.js", server);
    kpm.write("worker.js", "setInterval(() => {}, 1000);\n");
    std::filesystem::create_directory(kpm.work() / "worker");
    good(kpm, {"ecosystem"});
    good(kpm, {"start"});  // PM2's default file
    std::size_t webs = 0;
    for (const Json& row : kpm.list()) {
        CHECK(row["pm2_env"]["status"] == "online");
        webs += row["name"] == "web";
    }
    CHECK(webs >= 1);  // as many as there are CPUs
    CHECK(kpm.find("worker")["pm2_env"]["watch"] == Json({"./worker"}));
    good(kpm, {"delete", "ecosystem.config.js"});
    CHECK(kpm.list().empty());
    CHECK(kpm.kpm({"ecosystem", "simple"}).status == 1);  // there is one
    good(kpm, {"ecosystem", "simple", "--force"});
    good(kpm, {"start", "ecosystem.config.js"});
    CHECK(kpm.find("app1")["pm2_env"]["status"] == "online");
}

TEST_CASE("config: apps get what the file has put into process.env", "[e2e][node]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    const auto value = [&](const char* variable) {
        const Json env = kpm.find("app")["pm2_env"]["env"];
        return env.contains(variable) ? env[variable] : Json();
    };
    const std::string apps = "module.exports = {apps: [{name: 'app', script: './app.sh'}]};\n";
    kpm.write("a.config.js", "process.env.FROM_FILE = 'one';\n" + apps);
    good(kpm, {"start", "a.config.js"});
    CHECK(value("FROM_FILE") == "one");
    CHECK(value("KPM_CONFIG_PATH").is_null());
    kpm.write("a.config.js", "process.env.FROM_FILE = 'two';\n" + apps);
    good(kpm, {"restart", "a.config.js"});
    CHECK(value("FROM_FILE") == "two");
    kpm.write("a.config.js", "process.env.FROM_FILE = 'three';\n" + apps);
    good(kpm, {"reload", "a.config.js"});
    CHECK(value("FROM_FILE") == "three");
}

TEST_CASE("config: options beside a file that are for scripts are named in a warning", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", app_with(""));
    const CommandResult result = good(kpm, {"start", "eco.json", "-i", "4", "--", "--port", "80"});
    CHECK(result.err.find("--instances and what follows -- have no effect on 'eco.json'") !=
          std::string::npos);
    CHECK(kpm.list().size() == 1);
    CHECK(good(kpm, {"restart", "eco.json"}).err.find("no effect") == std::string::npos);
}

TEST_CASE("config: a file may read the command line", "[e2e][node]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("a.config.js",
              "const place = process.argv.indexOf('--env');\n"
              "const name = [process.argv[2], place < 0 ? 'none' : process.argv[place + 1]].join('-');\n"
              "module.exports = {apps: [{name, script: './app.sh', env_production: {}}]};\n");
    good(kpm, {"start", "a.config.js", "--env", "production"});
    CHECK(kpm.find("start-production")["pm2_env"]["status"] == "online");
    good(kpm, {"restart", "a.config.js"});
    CHECK(kpm.find("restart-none")["pm2_env"]["status"] == "online");
}

TEST_CASE("config: the examples are commands of kpm", "[e2e]") {
    const KpmHome kpm;
    const std::string text = kpm.kpm({"examples"}).out;
    INFO(text);
    const std::string before = "  $ kpm ";
    int found = 0;
    for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at), ++found) {
        at += before.size();
        const std::string word = text.substr(at, text.find_first_of(" \n", at) - at);
        INFO(word);
        CHECK(kpm.kpm({word, "--help"}).status == 0);
    }
    CHECK(found > 10);
}

TEST_CASE("config: the apps of standard input are started, and deleted", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("apps.json", R"([{"name":"a","script":"./app.sh"},{"name":"b","script":"./app.sh"}])");
    kpm.write("one.json", R"({"apps":[{"name":"a","script":"./app.sh"}]})");
    const auto with = [&](const char* command, const char* file) {
        const CommandResult result =
            run_command({"sh", "-c", "exec \"$1\" $2 - <$3", "sh", bin_dir() / "kpm", command, file},
                        kpm.env(), kpm.work());
        INFO(command << "\n" << result.out << result.err);
        CHECK(result.status == 0);
    };
    with("start", "apps.json");
    CHECK(kpm.list().size() == 2);
    with("delete", "one.json");
    CHECK(kpm.find("a").is_null());
    CHECK(kpm.find("b")["pm2_env"]["status"] == "online");
    with("delete", "apps.json");
    CHECK(kpm.list().empty());
}

TEST_CASE("config: start and restart of a file apply what changed and say it", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({apps: [{name: 'web', script: './app.sh', args: 'one', env: {A: '1'}},
                                     {name: 'other', script: './app.sh'}]})");
    good(kpm, {"start", "eco.json"});
    CommandResult result = good(kpm, {"restart", "eco.json"});
    CHECK_FALSE(says(result, "changed"));
    CHECK_FALSE(says(result, "cannot change"));

    kpm.write("eco.json", R"({apps: [{name: 'web', script: './app.sh', args: 'two', env: {A: '2'},
        max_memory_restart: '100M', kill_timeout: 900}, {name: 'other', script: './app.sh'}]})");
    result = good(kpm, {"restart", "eco.json"});
    CHECK(says(result, "[PM2] web: changed args, env, max_memory_restart, kill_timeout\n"));
    CHECK_FALSE(says(result, "other: changed"));
    const Json env = kpm.find("web")["pm2_env"];
    CHECK(env["args"] == Json{"two"});
    CHECK(env["A"] == "2");
    CHECK(env["max_memory_restart"] == 100 << 20);
    CHECK(env["kill_timeout"] == 900);

    kpm.write("eco.json", R"({apps: [{name: 'web', script: './app.sh', args: 'three'},
                                     {name: 'new', script: './app.sh'}]})");
    result = good(kpm, {"start", "eco.json"});
    CHECK(says(result, "[PM2] web: changed args\n"));
    CHECK(says(result, "App [new] launched"));
    CHECK(kpm.find("web")["pm2_env"]["kill_timeout"] == 900);  // taken out of the file: kept

    kpm.write("sub/other.sh", kForever);
    kpm.write("eco.json", R"({apps: [{name: 'web', script: 'other.sh', cwd: 'sub'}]})");
    result = good(kpm, {"reload", "eco.json"});
    CHECK(says(result, "[PM2] web: changed script, cwd\n"));
    CHECK(kpm.find("web")["pm2_env"]["pm_exec_path"] == (kpm.work() / "sub" / "other.sh").string());
    CHECK(kpm.find("web")["pm2_env"]["env"]["PWD"] == (kpm.work() / "sub").string());
}

TEST_CASE("config: attributes that do nothing are accepted, kept, and said", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", app_with("trace: true, v8: false, deep_monitoring: true, watch: ['app.sh'],\n"
                                   "watch_options: {usePolling: true, ignoreInitial: true}"));
    const CommandResult result = good(kpm, {"start", "eco.json"});
    CHECK(says(result, "[PM2][WARN] app: without effect, only stored: trace, deep_monitoring\n"));
    CHECK(says(result, "[PM2][WARN] app: usePolling of watch_options has no effect"));
    CHECK_FALSE(says(result, "ignoreInitial"));
    CHECK(kpm.find("app")["pm2_env"]["trace"] == true);
}

TEST_CASE("config: what is fixed until the app is deleted is named in a warning", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({apps: [{name: 'web', script: './app.sh', out_file: 'a.log', instances: 2}]})");
    good(kpm, {"start", "eco.json"});
    CHECK_FALSE(says(good(kpm, {"restart", "eco.json"}), "cannot change"));

    kpm.write("eco.json",
              R"({apps: [{name: 'web', script: './app.sh', out_file: 'b.log', exec_mode: 'cluster',
                                      instances: 3}]})");
    CommandResult result = good(kpm, {"restart", "eco.json"});
    CHECK(says(result, "[PM2][WARN] web: exec_mode, out_file cannot change until the app is deleted\n"));
    CHECK(says(
        result,
        "[PM2][WARN] web: the file asks for 3 instances, there are 2; `kpm scale web 3` changes that\n"));
    CHECK_FALSE(says(result, "web: changed"));
    CHECK(kpm.list().size() == 2);
    const Json env = kpm.find("web")["pm2_env"];
    CHECK(env["exec_mode"] == "fork_mode");
    CHECK(env["pm_out_log_path"] == (kpm.work() / "a-0.log").string());

    result = good(kpm, {"restart", "web", "--output", "c.log", "--kill-timeout", "700"});
    CHECK(says(result, "[PM2][WARN] out_file cannot change until the app is deleted\n"));
    CHECK(kpm.find("web")["pm2_env"]["pm_out_log_path"] == env["pm_out_log_path"]);
    CHECK(kpm.find("web")["pm2_env"]["kill_timeout"] == 700);

    good(kpm, {"delete", "eco.json"});
    good(kpm, {"start", "eco.json"});
    CHECK(kpm.find("web")["pm2_env"]["pm_out_log_path"] == (kpm.work() / "b-0.log").string());
}

TEST_CASE("config: apps of one name keep to their own part of the processes", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({apps: [{name: 'twin', script: './app.sh', args: 'a'},
                                     {name: 'twin', script: './app.sh', args: 'b'}]})");
    CHECK(says(good(kpm, {"start", "eco.json"}), "'twin' is also the name of apps[0]"));
    CHECK_FALSE(says(good(kpm, {"start", "eco.json"}), "changed"));
    const Json list = kpm.list();
    REQUIRE(list.size() == 2);
    CHECK(list[0]["pm2_env"]["args"] == Json{"a"});
    CHECK(list[1]["pm2_env"]["args"] == Json{"b"});
    CHECK(list[1]["pm2_env"]["restart_time"] == 1);
}

TEST_CASE("config: a file with two apps of one name stops and deletes all of its apps", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.json", R"({apps: [{name: 'twin', script: './app.sh', args: 'a'},
                                     {name: 'twin', script: './app.sh', args: 'b'},
                                     {name: 'other', script: './app.sh'}]})");
    good(kpm, {"start", "eco.json"});
    REQUIRE(kpm.list().size() == 3);
    good(kpm, {"stop", "eco.json"});
    for (const Json& app : kpm.list()) CHECK(app["pm2_env"]["status"] == "stopped");
    good(kpm, {"delete", "eco.json"});
    CHECK(kpm.list().empty());
}

TEST_CASE("config: variables come from the shell, env_file, env, deploy and the named environment", "[e2e]") {
    const KpmHome kpm({{"A", "shell"}, {"B", "shell"}, {"SECRET_KEY", "shell"}});
    kpm.write("show.sh", "env | grep -E '^([A-F]|SECRET_KEY)=' | sort\nwhile :; do sleep 1; done\n");
    kpm.write(".env", "export B=file # of the file\nC='file'\nD=\"file\"\nE=file\n");
    kpm.write("eco.json", R"({
        apps: [{name: 'web', script: './show.sh', env_file: '.env', filter_env: ['SECRET'],
                append_env_to_name: true, env: {D: 'env', E: 'env', F: 'env'}, env_production: {F: 'production'}}],
        deploy: {production: {env: {E: 'deploy', F: 'deploy'}}},
    })");
    good(kpm, {"start", "eco.json", "--env", "production"});
    CHECK(eventually([&] {
        return kpm.read(kpm.home() / "logs" / "web-production-out.log") ==
               "A=shell\nB=file\nC=file\nD=env\nE=deploy\nF=production\n";
    }));

    kpm.write(".env", "B=changed\nC=file\nD=file\nE=file\n");
    const CommandResult result = good(kpm, {"restart", "eco.json", "--env", "production"});
    CHECK(says(result, "[PM2] web-production: changed env\n"));
    CHECK(kpm.find("web-production")["pm2_env"]["env"]["B"] == "changed");

    CHECK(says(good(kpm, {"start", "eco.json", "--env", "nowhere"}),
               "[PM2][WARN] Environment [nowhere] is not defined in process file"));
    CHECK(kpm.find("web-nowhere")["pm2_env"]["status"] == "online");
    good(kpm, {"delete", "eco.json", "--env", "production"});
    CHECK(kpm.list().size() == 1);
}

TEST_CASE("config: --only picks apps, and says which are not in the file", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    kpm.write("eco.yaml",
              "apps:\n- {name: a, script: ./app.sh}\n- {name: b, script: ./app.sh}\n"
              "- {name: c, script: ./app.sh}\n");
    const CommandResult result = good(kpm, {"start", "eco.yaml", "--only", "a,c,d"});
    CHECK(says(result, "[PM2][WARN] eco.yaml has no app named 'd'"));
    CHECK(kpm.list().size() == 2);
    CHECK(kpm.find("b").is_null());
}

TEST_CASE("config: a damaged file is shown with file and line, whatever its format", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    refuses(kpm, "a.json", "{\"apps\": [\n{]}", "a.json:2:2: expected a key or '}', found ']'");
    refuses(kpm, "a.json5", "{apps: [\n\nrequire('x')]}", "a.json5:3:1: expected a value, found 'require'");
    refuses(kpm, "a.yaml", "apps:\n  - script: ./app.sh\n   name: x\n", "a.yaml:3:4: ");
    refuses(kpm, "a.yaml", "apps: []\n---\napps: []\n", "a.yaml:2:1: expected one document, found more");
    refuses(kpm, "a.config.ts", "export default {}", "configuration in TypeScript is not supported");
    refuses(kpm, "package.json", "{\"name\": \"x\"}", "package.json:1: expected a section 'apps' or 'pm2'");
    refuses(kpm, "deep.json", std::string(100'000, '['), "deep.json:1:66: nested deeper than 64 levels");
    refuses(kpm, "deep.yaml", std::string(100'000, '['), "nested deeper than 64 levels");
    refuses(kpm, "huge.json", std::string(2 << 20, ' '), "huge.json': larger than 1048576 bytes");
    refuses(kpm, "bomb.yaml",
            "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
            "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
            "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\napps: *e\n",
            "more than 100000 values");
    CHECK(says(kpm.kpm({"start", "none.json"}), "File none.json not found"));
    CHECK(kpm.list().empty());
}

TEST_CASE("config: a wrong attribute is named with its reason", "[e2e]") {
    const KpmHome kpm;
    kpm.write("app.sh", kForever);
    const std::string at = "eco.json:2: apps[0].";
    refuses(kpm, "eco.json", app_with("kill_timeout: '10x'"), at + "kill_timeout: expected milliseconds");
    refuses(kpm, "eco.json", app_with("max_memory_restart: '10x'"),
            at + "max_memory_restart: expected bytes");
    refuses(kpm, "eco.json", app_with("strict: true, max_restart: 3"),
            at + "max_restart: unknown attribute 'max_restart' (did you mean 'max_restarts'?)");
    refuses(kpm, "eco.json", app_with("interpreter: 'nothing'"),
            "Interpreter nothing is NOT AVAILABLE in PATH.");
    refuses(kpm, "eco.json", app_with("cwd: 'none'"),
            "cannot start 'app': cannot change to directory '" + (kpm.work() / "none").string() + "'");
    refuses(kpm, "eco.json", app_with("env_file: 'none.env'"),
            "cannot open '" + (kpm.work() / "none.env").string() + "': No such file or directory");
    kpm.write("bad.env", "A=1\nnonsense\n");
    refuses(kpm, "eco.json", app_with("env_file: 'bad.env'"),
            "bad.env:2: expected '=' after 'nonsense', found the end of the line");
    refuses(kpm, "eco.json", app_with("cron_restart: '99 * * * *'"),
            "cannot start 'app': Cron pattern error: cannot parse '99 * * * *': the minute '99'");
    refuses(kpm, "eco.json", app_with("cron_restart: '0 0 * * *', timezone: 'Mars/Base'"),
            "cannot start 'app': cannot load time zone 'Mars/Base'");
    refuses(kpm, "eco.json", "{apps: [{name: 'app'}]}", "No script path - aborting");
    refuses(kpm, "eco.json", "{apps: [{script: './none.sh'}]}",
            "Script not found: " + (kpm.work() / "none.sh").string());
    CHECK(kpm.list().empty());
    refuses(kpm, "eco.json", app_with("uid: 'nobody-of-that-name'"),
            "cannot start 'app': cannot find user 'nobody-of-that-name': no such user");
}

}  // namespace kpm::config_test
