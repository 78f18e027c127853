// The same configuration files, started by the real pm2 under its own daemon and by kpm under its own: what
// the two lists say of each app is compared member by member. What may differ stands here, with the reason.
#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "tests/support/pm2_pair.h"
#include "tests/support/process_table.h"

namespace kpm::config_parity_test {
using namespace test;

namespace {

class Pair : public Pm2Pair {
public:
    Pair() : Pm2Pair({{"FILTERED_SECRET", "1"}, {"SEEN", "1"}}) {}

    void write(const std::string& name, const std::string& text) const { kpm().write(name, text); }

    void both(const std::vector<std::string>& args) const {
        const auto [by_pm2, by_kpm] = run(args);
        INFO("pm2: " << by_pm2.out << by_pm2.err);
        INFO("kpm: " << by_kpm.out << by_kpm.err << kpm().daemon_log());
        REQUIRE(by_pm2.status == 0);
        REQUIRE(by_kpm.status == 0);
    }
};

struct Allowed {
    std::string key;
    std::optional<Json> pm2, kpm;  // nothing: any value; null: not there
    std::string reason;
};

// Of pm2_env.
const std::vector<Allowed>& allowed() {
    static const std::vector<Allowed> kAllowed{
        {"created_at", {}, {}, "the time"},
        {"pm_uptime", {}, {}, "the time"},
        {"pm_id", {}, {}, "pm2 starts the apps of a file at the same time, in no fixed order"},
        {"unique_id", {}, {}, "random"},
        {"axm_actions", {}, Json::array(), "km:*, what pm2's agent inside Node apps offers"},
        {"axm_options", {}, Json::object(), "what that agent tells of itself"},
        {"axm_monitor", {}, {}, "figures of the moment: e2e_node_agent compares their kinds"},
        {"node_version", {}, {}, "pm2's agent tells it, kpm asks the interpreter"},
        {"_pm2_version", {}, {}, "of pm2's agent"},
        {"cwd", {}, nullptr, "pm2 keeps the attribute as written beside pm_cwd"},
        {"watch", nullptr, false, "the default is always there in kpm"},
        {"filter_env", nullptr, Json::array(), "the default is always there in kpm"},
    };
    return kAllowed;
}

// Of the variables.
const std::vector<Allowed>& allowed_variables() {
    static const std::vector<Allowed> kAllowed{
        {"KPM_HOME", nullptr, {}, "each program has its own"},
        {"_", {}, {}, "the program that was called"},
        {"unique_id", {}, {}, "random"},
        {"PWD", "./sub", {}, "pm2 takes cwd as written, kpm the absolute path, which PWD ought to be"},
    };
    return kAllowed;
}

bool fits(const std::optional<Json>& expected, const Json& found) {
    return !expected || *expected == found;
}

bool is_allowed(const std::vector<Allowed>& list, const std::string& key, const Json& pm2, const Json& kpm) {
    return std::ranges::any_of(
        list, [&](const Allowed& row) { return row.key == key && fits(row.pm2, pm2) && fits(row.kpm, kpm); });
}

Json member(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    return found == object.end() ? Json(nullptr) : *found;
}

// After a restart pm2's `env` holds only what the restart brought; the others are still there beside it.
Json variable(const Json& env, const std::string& name) {
    const Json variables = member(env, "env");
    return variables.contains(name) ? variables[name] : member(env, name);
}

// As a child sees it: pm2 keeps numbers and flags of `env` as such.
Json as_variable(const Json& value) {
    return value.is_number() || value.is_boolean() ? Json(value.dump()) : value;
}

void replace(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

// Without the parts that differ by nature.
std::string masked(std::string text, const std::string& home, const std::string& id) {
    replace(text, home, "<home>");
    for (const char* end : {".log", ".pid"}) replace(text, "-" + id + end, std::string("-<id>") + end);
    return text;
}

// By name and number of the instance, with the parts that differ by nature taken out of all texts.
std::map<std::string, Json> apps_of(const Json& list, const std::string& home) {
    std::map<std::string, std::vector<Json>> by_name;
    for (const Json& row : list) {
        by_name[row.at("name")].push_back(
            Json::parse(masked(row.at("pm2_env").dump(), home, row.at("pm_id").dump())));
    }
    std::map<std::string, Json> apps;
    for (auto& [name, rows] : by_name) {
        const auto index = [](const Json& env) {
            return as_variable(member(env, env.at("instance_var").get<std::string>())).get<std::string>();
        };
        std::ranges::sort(rows, {}, index);
        for (const Json& row : rows) apps[name + " " + index(row)] = row;
    }
    return apps;
}

std::string difference(const std::string& app, const std::string& key, const Json& pm2, const Json& kpm) {
    return app + ": " + key + ": pm2 " + pm2.dump() + ", kpm " + kpm.dump();
}

std::vector<std::string> differences(const std::string& app, const Json& pm2, const Json& kpm,
                                     const std::vector<Allowed>& own) {
    std::vector<std::string> result;
    const Json pm2_variables = member(pm2, "env"), kpm_variables = member(kpm, "env");
    std::set<std::string> variables, keys;
    for (const Json* env : {&pm2_variables, &kpm_variables})
        for (const auto& [name, value] : env->items()) variables.insert(name);
    for (const Json* env : {&pm2, &kpm})
        for (const auto& [key, value] : env->items())
            if (key != "env" && !variables.contains(key)) keys.insert(key);  // variables are repeated here
    for (const std::string& name : variables) {
        const Json by_pm2 = as_variable(variable(pm2, name)), by_kpm = variable(kpm, name);
        if (by_pm2 != by_kpm && !is_allowed(allowed_variables(), name, by_pm2, by_kpm))
            result.push_back(difference(app, "env." + name, by_pm2, by_kpm));
    }
    for (const std::string& key : keys) {
        const Json by_pm2 = member(pm2, key), by_kpm = member(kpm, key);
        if (by_pm2 != by_kpm && !is_allowed(allowed(), key, by_pm2, by_kpm) &&
            !is_allowed(own, key, by_pm2, by_kpm))
            result.push_back(difference(app, key, by_pm2, by_kpm));
    }
    return result;
}

using Names = std::vector<std::string>;

Names names_of(const std::map<std::string, Json>& apps) {
    Names names;
    for (const auto& [name, env] : apps) names.push_back(name);
    return names;
}

// Fails with every difference that is not allowed. Gives kpm's entries, to be looked at.
std::map<std::string, Json> compare(const Pair& pair, const std::vector<Allowed>& own = {}) {
    const auto by_pm2 = apps_of(pair.pm2_list(), pair.pm2_home());
    auto by_kpm = apps_of(pair.kpm_list(), pair.kpm_home());
    REQUIRE(names_of(by_kpm) == names_of(by_pm2));
    for (const auto& [name, env] : by_pm2) CHECK(differences(name, env, by_kpm.at(name), own) == Names{});
    return by_kpm;
}

constexpr const char* kForever = "while :; do sleep 1; done\n";

}  // namespace

TEST_CASE("config parity: each format gives the same apps under pm2 and under kpm", "[e2e]") {
    const Pair pair;
    pair.write("app.sh", kForever);
    pair.write("sub/inner.sh", kForever);
    pair.write("app.js", "setInterval(() => {}, 1000);\n");
    pair.write("eco.config.js", R"(console.log('a line that the file prints');
module.exports = {
    apps: [
        { name: 'web_one', script: './app.sh', args: 'one "two words" k="v w"', namespace: 'shop',
          env: { A: 'base', N: 3000, B: true, O: { x: [1] }, E: '' }, env_production: { A: 'production' },
          kill_timeout: '3000', max_memory_restart: '150M', min_uptime: '10s', restart_delay: 100,
          out_file: 'logs/web.log', error_file: '/dev/null', merge_logs: true, time: true },
        { name: 'inner', script: 'inner.sh', cwd: './sub', args: ['a', 'b c'], interpreter: 'sh',
          interpreter_args: '-e -u', env: { A: 'base', D: 'base' }, env_production: { C: '1' } },
    ],
    deploy: { production: { env: { D: 'deployed', C: 'deployed' } } },
};
)");
    pair.write("eco.json5", R"(// Aliases and camelCase.
{ apps: [{ name: 'aliases', exec: './app.sh', execInterpreter: 'bash', nodeArgs: ['-e'], out: 'o.log', err: 'e.log',
    combineLogs: true, maxRestarts: '5', autoRestart: false, cron: '0 0 1 1 *', log: true, }],}
)");
    pair.write("eco.yaml", R"(apps:
  - name: two
    script: ./app.sh
    instances: 2
    env: {K: 1}
    log_date_format: HH:mm
    stop_exit_codes: [0, 3]
    increment_var: K
  - script: ./app.js
    instances: 1
    listen_timeout: 100
)");
    pair.write("eco.config.cjs", R"(exports.pm2 = { name: 'fork.js', script: 'app.js', exec_mode: 'fork',
    instances: 2, instance_var: 'INSTANCE_ID', out: 'x-1.log', pid: 'p.pid', port: 4000, treekill: false,
    vizion: false };
)");
    pair.write("eco.config.mjs",
               "export const apps = [{ script: 'sleep', args: ['1000'], name: 'command' }];\n");
    pair.write("package.json", R"({"name": "package", "version": "1.2.3", "apps": [{"name": "packaged",
        "script": "sleep 1000", "watch": false, "log_type": "json", "filter_env": ["FILTERED"],
        "exp_backoff_restart_delay": 100}]}
)");
    for (const char* file : {"eco.config.js", "eco.json5", "eco.yaml", "eco.config.cjs", "package.json"}) {
        INFO(file);
        pair.both({"start", file, "--env", "production"});
    }
    // pm2 calls require() for it, which takes modules from Node 20.19 on.
    pair.write("same.config.cjs", "exports.apps = [{ script: 'sleep', args: ['1000'], name: 'command' }];\n");
    const bool takes_modules =
        run_command({"node", "-p", "process.features.require_module === true"}).out == "true\n";
    for (const auto& result : {pair.run_pm2({"start", takes_modules ? "eco.config.mjs" : "same.config.cjs",
                                             "--env", "production"}),
                               pair.run_kpm({"start", "eco.config.mjs", "--env", "production"})}) {
        INFO(result.out << result.err);
        REQUIRE(result.status == 0);
    }
    pair.both({"start", "app.sh", "-n", "by-words", "--namespace", "n"});
    pair.both({"start", "app.js", "-n", "js-by-words"});
    const auto apps = compare(pair);
    REQUIRE(apps.size() == 12);
    // What both agree on is what the files say.
    const Json& web = apps.at("web_one 0");
    CHECK(web["args"] == Json{"one", "two words", "k=\"v w\""});
    CHECK(web["env"]["A"] == "production");
    CHECK(web["pm_out_log_path"].get<std::string>().ends_with("/work/logs/web.log"));
    const Json& inner = apps.at("inner 0");
    CHECK(inner["env"]["C"] == "1");         // env_NAME over deploy.NAME.env …
    CHECK(inner["env"]["D"] == "deployed");  // … and that over env
    CHECK(apps.at("two 1")["env"]["K"] == "2");
    CHECK(apps.at("app 0")["exec_mode"] == "cluster_mode");
    CHECK(apps.at("packaged 0")["env"].contains("SEEN"));
    CHECK_FALSE(apps.at("packaged 0")["env"].contains("FILTERED_SECRET"));
    const Json& by_words = apps.at("by-words 0");
    CHECK(by_words["env"]["by-words"] == Json::object());
    CHECK(by_words["env"]["unique_id"] == by_words["unique_id"]);
}

TEST_CASE("config parity: children have the same variables under pm2 and under kpm", "[e2e]") {
    const Pair pair;
    pair.write("app.sh", "exec sleep 1000\n");
    pair.write("app.js", "setInterval(() => {}, 1000);\n");
    pair.write("eco.json", R"([
        {"name": "sh-by-file", "script": "./app.sh", "args": "a b", "env": {"A": "1"}, "max_restarts": 3},
        {"name": "js-by-file", "script": "./app.js", "kill_timeout": 900, "log_date_format": "HH:mm"}])");
    pair.both({"start", "eco.json"});
    pair.both({"start", "app.sh", "-n", "sh-by-words"});
    pair.both({"start", "app.js", "-n", "js-by-words", "--max-memory-restart", "900M"});
    const std::set<std::string> only_kpm{"KPM_HOME",         "KPM_PROCESS", "NODE_OPTIONS", "NOTIFY_SOCKET",
                                         "PMX_FORCE_UPDATE", "version",     "watch"};
    const std::set<std::string> differ{"PM2_HOME", "_", "unique_id", "pm_uptime", "created_at", "pm_id"};
    const auto of_app = [](const Json& list, const std::string& name) {
        for (const Json& row : list)
            if (row.at("name") == name) return variables_of(row.at("pid"));
        return std::map<std::string, std::string>{};
    };
    for (const std::string name : {"sh-by-file", "js-by-file", "sh-by-words", "js-by-words"}) {
        const auto by_pm2 = of_app(pair.pm2_list(), name);
        const auto by_kpm = of_app(pair.kpm_list(), name);
        REQUIRE(by_pm2.contains("km_link"));
        for (const auto& [variable, value] : by_pm2) {
            INFO(name << ": " << variable);
            REQUIRE(by_kpm.contains(variable));
            CHECK((differ.contains(variable) ||
                   masked(by_kpm.at(variable), pair.kpm_home(), by_kpm.at("pm_id")) ==
                       masked(value, pair.pm2_home(), by_pm2.at("pm_id"))));
        }
        for (const auto& [variable, value] : by_kpm) {
            INFO(name << ": " << variable << "=" << value);
            CHECK((by_pm2.contains(variable) || only_kpm.contains(variable)));
        }
    }
}

TEST_CASE("config parity: a file that has changed gives the same apps under pm2 and under kpm", "[e2e]") {
    const Pair pair;
    pair.write("app.sh", kForever);
    pair.write("eco.json", R"({"apps": [
        {"name": "changing", "script": "./app.sh", "args": "one", "env": {"A": "1", "KEPT": "1"},
         "kill_timeout": 1000, "max_restarts": 3, "out_file": "first.log"},
        {"name": "left", "script": "./app.sh", "append_env_to_name": true, "env_x": {"B": "1"}}]})");
    pair.both({"start", "eco.json", "--only", "changing"});
    CHECK(compare(pair).size() == 1);

    pair.write("eco.json", R"({"apps": [
        {"name": "changing", "script": "./app.sh", "args": ["two", "three"], "env": {"A": "2", "NEW": "1"},
         "kill_timeout": 2000, "autorestart": false, "out_file": "second.log", "exec_mode": "cluster",
         "log_date_format": "HH:mm", "namespace": "moved", "max_memory_restart": "100M"},
        {"name": "left", "script": "./app.sh", "append_env_to_name": true, "env_x": {"B": "1"}}]})");
    pair.both({"restart", "eco.json", "--env", "x"});
    const auto apps = compare(
        pair,
        {{"script", "./app.sh", nullptr, "pm2 stores the file's attributes beside what they resolve to"},
         {"out_file", "second.log", nullptr, "as above"},
         {"_tree_pids", {}, nullptr, "of pm2's newest stop"},
         {"exit_signal", nullptr, {}, "kpm also tells the signal that ended the process"},
         {"prev_restart_delay", 0, nullptr, "kpm shows a delay when there is one"},
         {"unstable_restarts", 1, 0, "pm2 counts a stop within min_uptime, kpm only what ends by itself"}});
    REQUIRE(names_of(apps) == Names{"changing 0", "left-x 0"});
    const Json& changing = apps.at("changing 0");
    CHECK(changing["args"] == Json{"two", "three"});
    CHECK(changing["env"]["A"] == "2");
    CHECK(changing["env"]["KEPT"] == "1");
    CHECK(changing["max_restarts"] == 3);
    CHECK(changing["exec_mode"] == "fork_mode");
    CHECK(changing["pm_out_log_path"].get<std::string>().ends_with("/first.log"));
}

}  // namespace kpm::config_parity_test
