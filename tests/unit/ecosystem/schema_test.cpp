#include "ecosystem/schema.h"

#include <catch2/catch.hpp>
#include <set>

#include "ecosystem/field_value.h"
#include "sample_config.h"

using namespace kpm;
using namespace kpm::ecosystem;

namespace {

std::string key_of(std::string_view name) {
    const Field* field = find_field(name);
    return field ? std::string(field->key) : "";
}

}  // namespace

TEST_CASE("schema: the sample differs from the default in every row", "[unit][ecosystem]") {
    const AppConfig sample = sample_config();
    for (const Field& field : fields()) {
        INFO(field.key);
        CHECK_FALSE(has_default(field, sample));
        CHECK(has_default(field, AppConfig{}));
    }
}

TEST_CASE("schema: no name means two rows", "[unit][ecosystem]") {
    std::set<std::string_view> declared, wire, flags;
    for (const Field& field : fields()) {
        INFO(field.key);
        CHECK(declared.insert(field.key).second);
        CHECK(wire.insert(field.wire_key).second);
        CHECK_FALSE(field.doc.empty());
        CHECK(field.doc.back() != '.');
    }
    for (const Field& field : fields()) CHECK(find_wire_field(field.wire_key) == &field);
}

TEST_CASE("schema: PM2's aliases and camelCase forms find their row", "[unit][ecosystem]") {
    CHECK(key_of("exec") == "script");
    CHECK(key_of("cmd") == "script");
    CHECK(key_of("exec_interpreter") == "interpreter");
    CHECK(key_of("execInterpreter") == "interpreter");
    CHECK(key_of("node_args") == "interpreter_args");
    CHECK(key_of("interpreterArgs") == "interpreter_args");
    CHECK(key_of("nodeArgs") == "interpreter_args");
    CHECK(key_of("out") == "out_file");
    CHECK(key_of("errFile") == "error_file");
    CHECK(key_of("err_log") == "error_file");
    CHECK(key_of("combineLogs") == "merge_logs");
    CHECK(key_of("maxMemoryRestart") == "max_memory_restart");
    CHECK(key_of("windowsHide") == "windows_hide");
    CHECK(key_of("cron") == "cron_restart");
    CHECK(key_of("user") == "uid");
    CHECK(key_of("env") == "env");
    CHECK(key_of("env_production") == "env_");
    CHECK(key_of("env_") == "");
    CHECK(key_of("") == "");
    CHECK(key_of("max_restart") == "");
}

TEST_CASE("schema: the kind of a flag follows from its row", "[unit][ecosystem]") {
    CHECK(flag_kind(*find_field("wait_ready")) == FlagKind::Switch);
    CHECK(flag_kind(*find_field("merge_logs")) == FlagKind::Switch);
    CHECK(flag_kind(*find_field("autorestart")) == FlagKind::NegatedSwitch);
    CHECK(flag_kind(*find_field("kill_timeout")) == FlagKind::Value);
    CHECK(flag_kind(*find_field("watch")) == FlagKind::OptionalValue);
    CHECK(flag_kind(*find_field("script")) == FlagKind::None);
}

TEST_CASE("schema: a flag's text becomes the value that a file would hold", "[unit][ecosystem]") {
    CHECK(flag_value(*find_field("autorestart"), "") == Json(false));
    CHECK(flag_value(*find_field("time"), "") == Json(true));
    CHECK(flag_value(*find_field("watch"), "") == Json(true));
    CHECK(flag_value(*find_field("watch"), "src") == Json("src"));
    CHECK(flag_value(*find_field("watch_delay"), "2") == Json("2s"));
    CHECK(flag_value(*find_field("watch_delay"), "0.5") == Json("0.5s"));
    CHECK(flag_value(*find_field("watch_delay"), "1.5m") == Json("1.5m"));
    CHECK(flag_value(*find_field("watch_delay"), "500ms") == Json("500ms"));
    CHECK(flag_value(*find_field("kill_timeout"), "2") == Json("2"));
}

TEST_CASE("schema: the difference of two configurations tells what a running app needs",
          "[unit][ecosystem]") {
    AppConfig before, after;
    CHECK(changed_fields(before, after).empty());
    CHECK(needed_for(changed_fields(before, after)) == OnChange::Nothing);
    after.max_restarts = 3;
    CHECK(needed_for(changed_fields(before, after)) == OnChange::Live);
    after.script = "/x.js";
    const auto changes = changed_fields(before, after);
    REQUIRE(changes.size() == 2);
    CHECK(needed_for(changes) == OnChange::Restart);
    CHECK(changed_fields(AppConfig{}, sample_config()).size() == fields().size());
}

TEST_CASE("schema: modes and policies have their texts", "[unit][ecosystem]") {
    CHECK(exec_mode_from("fork") == ExecMode::Fork);
    CHECK(exec_mode_from("cluster_mode") == ExecMode::Cluster);
    CHECK_FALSE(exec_mode_from("fork_mode_mode"));
    CHECK_FALSE(exec_mode_from(""));
    CHECK(balance_from(to_text(Balance::LeastConnections)) == Balance::LeastConnections);
    CHECK_FALSE(balance_from("random"));
}
