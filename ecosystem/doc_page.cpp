#include "ecosystem/doc_page.h"

#include <fmt/format.h>

#include <iterator>

#include "ecosystem/field_value.h"
#include "ecosystem/health_json.h"
#include "ecosystem/schema.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr GroupTitle kGroups[] = {
    {Group::Basics, "What to run"},      {Group::Variables, "Environment"},
    {Group::Logs, "Logs and files"},     {Group::Order, "Order"},
    {Group::Restarts, "Starting again"}, {Group::Stopping, "Readiness and stopping"},
    {Group::Watching, "Watching files"}, {Group::Connections, "Connections"},
    {Group::Node, "Node and PM2"}};

constexpr std::string_view kIntroduction = R"(# Configuration

An ecosystem file lists apps: `{"apps": [{"script": "app.js"}]}`. A lone app, a bare list and a `pm2` section in place
of `apps` work too. The file name tells the format:

| Name ends in | Format |
|---|---|
| `.json`, `.json5`, `package.json` | data with comments, trailing commas, unquoted keys and single quotes; never evaluated as code |
| `.yml`, `.yaml` | YAML: one document, each key once |
| `.config.js`, `.config.cjs`, `.config.mjs` | evaluated by the first of node, bun and deno in PATH, for at most 10 s, in which its waits for a processor do not count: `module.exports`, the default export, or named exports; a promise is awaited, a function is not called; what it sets and deletes in `process.env` (dotenv) is so for its apps, too; `process.argv` is the command line of kpm |

`package.json` needs a section `apps` or `pm2`. A file is at most 1 MiB and 64 levels deep.

[`ecosystem.schema.json`](ecosystem.schema.json) is the same table as a JSON Schema, for editors.

Names are PM2's; the camelCase form of each works as well. An unknown attribute is a warning, and an error with
`"strict": true` in the file or in the app. Relative paths start at `cwd`, which itself starts at the shell's directory.

**Durations** are milliseconds or texts such as `500ms`, `10s`, `2m`, `1h`; **sizes** are bytes or texts such as `100K`,
`150M`, `1G` (1024 based). A number may be given as text.

**Variables** of an app come from the shell (less `filter_env`), `env_file`, `env`, `deploy.NAME.env` and `env_NAME`, the
later over the earlier; the last two with `--env NAME`. A file of variables has lines `NAME=value`, with or without
`export`; a `#` at the beginning of a line or after a blank begins a comment. A value in single quotes stands as it is
(`\'` and `\\` are escapes), one in double quotes knows `\n`, `\t`, `\r`, `\"`, `\\`, `\$` and may go over several lines.
`$NAME` in a value stays as it stands. A file that is not there and a line that is none of this are errors. `env_file`
with an object is the environment of `--env file`, as in PM2.

The column *change* says what a running app needs for a new value: nothing, *live* (taken over at once), a *restart* (or
reload), or a *delete* before the next start, as in PM2. `kpm start`, `restart` and `reload` of a file apply all but the
last, say what they changed, and warn of what they could not. An attribute that is taken out of the file keeps its value
until the app is deleted.
)";

std::string aliases_of(const Field& field) {
    std::string result;
    if (field.aliases.empty()) return result;
    for (const std::string_view alias : split(field.aliases, ' ')) result += fmt::format(", `{}`", alias);
    return result;
}

std::string default_of(const Field& field) {
    const Json value = write_value(field, AppConfig{});
    const bool empty = value.is_null() || value == "" || (value.is_structured() && value.empty());
    if (empty) return "";
    if (std::holds_alternative<Duration AppConfig::*>(field.slot) && value != 0)
        return fmt::format("`{}`", to_text(Duration(value.get<std::int64_t>())));
    return fmt::format("`{}`", value.is_string() ? value.get<std::string>() : value.dump());
}

std::string flags_of(const Field& field) {
    std::string result;
    if (field.flag.empty()) return result;
    for (const std::string_view flag : split(field.flag, ','))
        result += fmt::format("{}`{}`", result.empty() ? "" : ", ", flag);
    return result;
}

std::string_view change_of(const Field& field) {
    switch (field.on_change) {
        case OnChange::Nothing:
            return "nothing";
        case OnChange::Live:
            return "live";
        case OnChange::Restart:
            return "restart";
        case OnChange::Delete:
            return "delete";
    }
    return "";
}

// What stands in each probe of `health`.
void append_probes(std::string& page) {
    const auto out = std::back_inserter(page);
    page += "\n## Probes of `health`\n\n| Attribute | Value | Default | Meaning |\n|---|---|---|---|\n";
    for (const ProbeKindRow& row : probe_kinds())
        fmt::format_to(out, "| `{}` | {} | | {} |\n", row.key, row.value, row.doc);
    const Probe standard;
    for (const ProbeField& field : probe_fields()) {
        const auto value = std::visit(
            [&](auto slot) {
                if constexpr (std::is_same_v<decltype(slot), int Probe::*>)
                    return std::to_string(standard.*slot);
                else
                    return to_text(standard.*slot);
            },
            field.slot);
        const bool is_duration = std::holds_alternative<Duration Probe::*>(field.slot);
        fmt::format_to(out, "| `{}` | {} | `{}` | {} |\n", field.key, is_duration ? "duration" : "number",
                       value, field.doc);
    }
}

}  // namespace

std::span<const GroupTitle> group_titles() {
    return kGroups;
}

std::string config_page() {
    std::string page(kIntroduction);
    const auto out = std::back_inserter(page);
    for (const auto& [group, title] : kGroups) {
        fmt::format_to(out,
                       "\n## {}\n\n| Attribute | Value | Default | Flag | Change | Meaning "
                       "|\n|---|---|---|---|---|---|\n",
                       title);
        for (const Field& field : fields()) {
            if (field.group != group) continue;
            const std::string key = field.key == "env_" ? "env_NAME" : std::string(field.key);
            fmt::format_to(out, "| `{}`{} | {} | {} | {} | {} | {} |\n", key, aliases_of(field),
                           type_name(field), default_of(field), flags_of(field), change_of(field), field.doc);
        }
        if (group == Group::Stopping) append_probes(page);
    }
    return page;
}

}  // namespace kpm::ecosystem
