#pragma once
// The one table of options. Each row describes a member of AppConfig: its names, its CLI flag, its checks,
// what a change of it needs, its documentation. Everything that must know all options loops over it:
// parse_app.h, dump_app.h, the CLI's options and --help, docs/config.md, docs/ecosystem.schema.json, spelling
// hints, the difference at a restart. No other list exists.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ecosystem/app_config.h"

namespace kpm::ecosystem {

// Where the value lives. monostate: not interpreted, kept in AppConfig::extra under its wire key.
using Slot =
    std::variant<std::monostate, bool AppConfig::*, std::optional<bool> AppConfig::*, int AppConfig::*,
                 std::optional<int> AppConfig::*, std::uint32_t AppConfig::*, Duration AppConfig::*,
                 std::optional<Duration> AppConfig::*, Bytes AppConfig::*, std::string AppConfig::*,
                 std::vector<std::string> AppConfig::*, std::optional<std::vector<std::string>> AppConfig::*,
                 std::vector<int> AppConfig::*, Selection AppConfig::*, Environment AppConfig::*,
                 std::vector<EnvBlock> AppConfig::*, std::optional<ExecMode> AppConfig::*,
                 std::optional<Balance> AppConfig::*, Dependencies AppConfig::*, HealthChecks AppConfig::*>;

// What must happen to a running app for a new value to take effect.
enum class OnChange {
    Nothing,
    Live,
    Restart,  // or a reload
    Delete,   // fixed until the app is deleted, as in PM2
};

enum class Group { Basics, Variables, Logs, Order, Restarts, Stopping, Watching, Connections, Node };

// Additional checks and readings that a slot's type cannot tell.
enum class Check {
    None,
    NotNegative,
    PortNumber,
    AtLeast100ms,
    LogType,        // "raw" or "json"
    Words,          // a text is split like a command line (args, interpreter args)
    Gpu,            // see gpu_selection.h
    GpuPolicy,      // "spread" or "pack"
    SignalName,     // "SIGTERM" or "TERM"
    Blanks,         // a text is split on blanks
    NoList,         // a Selection that is a flag or one text
    CpuCount,       // "max" and any other word mean 0 = one per CPU
    SecondsOnFlag,  // a bare number on the command line is in seconds, in a file in milliseconds
};

enum class FlagKind { None, Switch, NegatedSwitch, Value, OptionalValue };

struct Field {
    std::string_view key =
        {};  // canonical; its camelCase form is accepted too. "env_" is a prefix (EnvBlock slot)
    std::string_view aliases = {};   // separated by blanks; their camelCase forms are accepted too
    std::string_view wire_key = {};  // PM2's name in pm2_env; on the wire and in dump files, never change
    std::string_view flag = {};      // "-k,--kill-timeout", or ""
    Slot slot = {};
    Group group = Group::Basics;
    OnChange on_change = OnChange::Restart;
    Check check = Check::None;
    bool always_sent = false;        // in the wire form even with its default value, as PM2 does
    std::string_view doc = {};       // one line, starts in lower case, no full stop
    std::string_view flag_doc = {};  // of the flag, where that says something else (--no-…)
};

std::span<const Field> fields();

// By key, alias or the camelCase form of either; by the env_ prefix. nullptr: unknown.
const Field* find_field(std::string_view declared_name);
const Field* find_wire_field(std::string_view wire_name);
// The row that reads this value. `env_file` names files, but with an object it is the environment "file", as
// in PM2; on the wire, where variables stand beside the options, only an object is an environment.
const Field* find_field(std::string_view declared_name, const Json& value);
const Field* find_wire_field(std::string_view wire_name, const Json& value);
// The key that a misspelt one most likely means.
std::optional<std::string_view> nearest_key(std::string_view name);

FlagKind flag_kind(const Field& field);
// The JSON value that parse_app wants for `text` given to the field's flag.
Json flag_value(const Field& field, std::string_view text);
// "number", "duration", "list of texts" …: for messages, --help and the documentation.
std::string_view type_name(const Field& field);

// Texts as PM2 has them on the wire: "fork_mode", "cluster_mode".
std::string_view to_text(ExecMode mode);
std::string_view to_text(Balance balance);
std::string_view to_text(Condition condition);
std::optional<ExecMode> exec_mode_from(std::string_view text);  // also "fork", "cluster"
std::optional<Balance> balance_from(std::string_view text);
std::optional<Condition> condition_from(std::string_view text);  // also compose's names

// Fields whose values differ; pointers into the table.
std::vector<const Field*> changed_fields(const AppConfig& before, const AppConfig& after);
// The strongest need among them.
OnChange needed_for(std::span<const Field* const> changes);

}  // namespace kpm::ecosystem
