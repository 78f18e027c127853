#include "ecosystem/json_schema.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "ecosystem/dump_app.h"
#include "ecosystem/read_config.h"
#include "ecosystem/read_json.h"
#include "sample_config.h"
#include "schema_validator.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

std::string source_path(const std::string& name) {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    REQUIRE(source != nullptr);
    return std::string(source) + "/" + name;
}

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool valid(const Json& value) {
    static const SchemaValidator kValidator(config_schema());
    return kValidator.accepts(value);
}

bool valid(const char* text) {
    auto document = read_json(text, "f");
    if (!document) FAIL(document.error().message);
    return valid(document->value);
}

// Read without an error, a script for every app and, as the schema wants it, without an unknown attribute.
bool readable(const char* text) {
    const auto file = read_config_text(text, "f");
    if (!file) return false;
    for (const std::string& warning : file->warnings)
        if (warning.find("unknown attribute") != std::string::npos) return false;
    return std::ranges::all_of(file->apps, [](const ParsedApp& app) { return !app.config.script.empty(); });
}

}  // namespace

TEST_CASE("json schema: docs/ecosystem.schema.json is what the table says", "[unit][ecosystem]") {
    const std::string path = source_path("docs/ecosystem.schema.json");
    if (const char* regenerate = std::getenv("KPM_REGENERATE"); regenerate && std::string(regenerate) == "1")
        std::ofstream(path) << config_schema_text();
    INFO("run this test with KPM_REGENERATE=1 to write " << path);
    CHECK(text_of(path) == config_schema_text());
}

TEST_CASE("json schema: the repository's own files are valid", "[unit][ecosystem]") {
    CHECK(valid(text_of(source_path("ecosystem.json")).c_str()));
    for (const char* sample : {"array.json", "loose.json", "plain.json"}) {
        INFO(sample);
        const std::string text = text_of(source_path("tests/fuzz/corpus/config_json/") + sample);
        CHECK(valid(text.c_str()) == readable(text.c_str()));
    }
}

TEST_CASE("json schema: an app with every attribute is valid", "[unit][ecosystem]") {
    const Json sample = dump_app(sample_config());
    CHECK(valid(sample));
    CHECK(valid(Json::array({sample})));
    for (const auto& [key, value] : sample.items()) {
        INFO(key);
        Json odd = sample;
        odd[key] = Json{{"an", "object"}};
        CHECK(valid(odd) == parse_app(odd).has_value());
    }
}

TEST_CASE("json schema: every attribute has a description", "[unit][ecosystem]") {
    const Json schema = config_schema();
    for (const auto& [name, property] : schema["$defs"]["app"]["properties"].items()) {
        INFO(name);
        CHECK((property.contains("description") || property.contains("$ref") || property.contains("allOf")));
    }
}

TEST_CASE("json schema: shapes of files are those that are read", "[unit][ecosystem]") {
    for (const char* text :
         {"{apps: [{script: 'a'}]}", "{apps: {script: 'a'}}", "{pm2: [{script: 'a'}]}",
          "{pm2: {script: 'a'}}", "[{script: 'a'}, {exec: 'b'}]", "{script: 'a'}", "{apps: []}", "[]",
          "{apps: [{script: 'a'}], deploy: {production: {ref: 'main'}}, strict: true}",
          "{name: 'package', version: '1', apps: [{script: 'a'}]}"}) {
        INFO(text);
        CHECK(valid(text));
        CHECK(readable(text));
    }
    for (const char* text : {"3", "'a'", "{}", "{apps: 3}", "{apps: [3]}", "[[]]", "[{name: 'a'}]",
                             "{apps: [{}]}", "{pm2: [{nothing: 1}]}"}) {
        INFO(text);
        CHECK_FALSE(valid(text));
        CHECK_FALSE(readable(text));
    }
}

TEST_CASE("json schema: it and the reader agree on attributes", "[unit][ecosystem]") {
    for (const char* attribute : {"maxRestarts: 3",
                                  "maxRestarts: '3'",
                                  "max_restarts: -1",
                                  "max_restarts: 'many'",
                                  "max_restarts: 1.5",
                                  "max_restarts: 3.0",
                                  "maxRestart: 3",
                                  "execInterpreter: 'node'",
                                  "nodeArgs: ['-x', 3]",
                                  "args: 3",
                                  "args: [{}]",
                                  "args: true",
                                  "out: 'a.log'",
                                  "errLog: 'a.log'",
                                  "combine_logs: 'true'",
                                  "time: 1",
                                  "time: 'yes'",
                                  "depends_on: 'db'",
                                  "depends_on: ['db', 3]",
                                  "depends_on: ''",
                                  "depends_on: ['']",
                                  "depends_on: [{}]",
                                  "dependsOn: {db: {condition: 'ready'}, cache: 'started', job: {}}",
                                  "depends_on: {db: {condition: 'service_healthy'}}",
                                  "depends_on: {db: {condition: 'healthy'}}",
                                  "depends_on: {db: {condition: 'ready', required: false}}",
                                  "depends_on: {db: true}",
                                  "depends_on: {'': 'ready'}",
                                  "depends_on: true",
                                  "kill_timeout: '5s'",
                                  "kill_timeout: '5x'",
                                  "kill_timeout: -1",
                                  "kill_timeout: .5",
                                  "min_uptime: 99",
                                  "min_uptime: '10 s'",
                                  "max_memory_restart: '1.5GB'",
                                  "max_memory_restart: 'lots'",
                                  "max_memory_restart: 100",
                                  "instances: 'max'",
                                  "instances: -1",
                                  "instances: 1.5",
                                  "exec_mode: 'cluster'",
                                  "exec_mode: 'fork_mode'",
                                  "exec_mode: 'threads'",
                                  "balance: 'sticky'",
                                  "balance: 'x'",
                                  "log_type: 'json'",
                                  "gpu: 'auto'",
                                  "gpu: ''",
                                  "gpu: '0000:41:00.0'",
                                  "gpu: '41:00.8'",
                                  "gpu: 'GPU-5e2bd8c5-0f3a-4b1c-9d7e-001122334455'",
                                  "gpu: 'renderD128'",
                                  "gpu: 'vendor:intel'",
                                  "gpu: 'vendor:matrox'",
                                  "gpu: '0'",
                                  "gpu: 0",
                                  "stop_signal: 'SIGTERM'",
                                  "stop_signal: 'QUIT'",
                                  "stop_signal: 'please'",
                                  "stop_signal: 15",
                                  "gpu_policy: 'pack'",
                                  "gpu_policy: 'random'",
                                  "max_workers_per_gpu: 2",
                                  "max_workers_per_gpu: -1",
                                  "log_type: 'xml'",
                                  "watch: true",
                                  "watch: ['a', 'b']",
                                  "watch: 3",
                                  "log_file: true",
                                  "log_file: ['a']",
                                  "stop_exit_codes: 3",
                                  "stop_exit_codes: '0, 1'",
                                  "stop_exit_codes: [0, '1']",
                                  "stop_exit_codes: ['x']",
                                  "port: 65535",
                                  "port: 65536",
                                  "port: '8080'",
                                  "env: {A: 1, B: {c: null}}",
                                  "env: ['A']",
                                  "env: {'A=B': 1}",
                                  "env_production: {A: 1}",
                                  "env_production: '.env'",
                                  "env_file: '.env'",
                                  "env_file: ['.env', 'b']",
                                  "env_file: {A: 1}",
                                  "env_file: true",
                                  "envFile: '.env'",
                                  "envFile: {A: 1}",
                                  "filter_env: true",
                                  "filter_env: ['A']",
                                  "listen: [8080, 'unix:/x']",
                                  "max_connections: -1",
                                  "watch_options: {usePolling: true}",
                                  "strict: true",
                                  "name: null",
                                  "uid: 1000",
                                  "name: true",
                                  "windowsHide: false",
                                  "pm_exec_path: 'x'",
                                  "user: 'ann'",
                                  "cron: 0",
                                  "cron_restart: false"}) {
        INFO(attribute);
        const std::string text = std::string("{script: 'a', ") + attribute + "}";
        CHECK(valid(text.c_str()) == readable(text.c_str()));
    }
}
