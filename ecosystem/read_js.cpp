#include "ecosystem/read_js.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>

#include "ecosystem/child_output.h"
#include "ecosystem/read_json.h"
#include "ecosystem/resolve.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

// Before it stands whatever the file itself prints; behind it a line with the changes of process.env (null:
// deleted), then what is exported.
constexpr std::string_view kMarker = "\n--- kpm configuration ---\n";
constexpr const char* kPathVariable = "KPM_CONFIG_PATH";
constexpr const char* kCountVariable = "KPM_CONFIG_ARGC";
constexpr const char* kArgumentVariable = "KPM_CONFIG_ARG_";  // and its place in process.argv
constexpr std::string_view kProgram = R"js(
import process from 'node:process';
import { pathToFileURL } from 'node:url';
const taken = (name) => {
  const value = process.env[name] ?? '';
  delete process.env[name];
  return value;
};
const file = taken('KPM_CONFIG_PATH');
const argv = [process.execPath];
for (let left = Number(taken('KPM_CONFIG_ARGC')); left > 0; --left) argv.push(taken('KPM_CONFIG_ARG_' + argv.length));
try {
  process.argv.splice(0, process.argv.length, ...argv);
} catch {  // Deno's has places that cannot be changed
  Object.defineProperty(process, 'argv', { value: argv, configurable: true, writable: true });
}
const before = { ...process.env };
const exported = await import(pathToFileURL(file).href);
let config = await (exported.default ?? { ...exported });
if (config?.__esModule && config.default) config = config.default;
if (typeof config === 'function') throw new TypeError('expected an object, found a function, which is not called');
// JSON has no regular expressions. Those for paths keep what tells them from paths (core/path_regex.h).
const isRegExp = (value) => Object.prototype.toString.call(value) === '[object RegExp]';
const forPaths = ['ignore_watch', 'ignoreWatch', 'ignored'];
const asText = (value) => isRegExp(value) ? 'regexp:' + value : value;
const plain = (key, value) => {
  if (!forPaths.includes(key)) return isRegExp(value) ? value.source : value;
  if (typeof value === 'function') return null;
  return Array.isArray(value) ? value.map(asText) : isRegExp(value) ? [asText(value)] : value;
};
const text = JSON.stringify(config, plain) ?? 'null';
const after = { ...process.env };
const changes = {};
for (const name of Object.keys({ ...before, ...after }))
  if (after[name] !== before[name]) changes[name] = after[name] == null ? null : String(after[name]);
const lines = JSON.stringify(changes) + '\n' + text;
process.stdout.write('\n--- kpm configuration ---\n' + lines, () => process.exit(0));
)js";

struct Engine {
    std::string_view name;
    std::vector<std::string> arguments;  // before the program text
};

const std::vector<Engine>& engines() {
    static const std::vector<Engine> kEngines{{"node", {"--input-type=module", "-e"}},
                                              {"bun", {"-e"}},
                                              {"deno", {"eval", "--unstable-detect-cjs"}}};
    return kEngines;
}

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kFileUrl = "file://";

// Without escape sequences for colours, which Deno prints in pipes, too.
std::string plain(std::string_view printed) {
    std::string text;
    for (std::size_t at = 0; at < printed.size(); ++at) {
        if (printed[at] != '\x1b') {
            text += printed[at];
            continue;
        }
        at = std::min(printed.find('m', at), printed.size());
    }
    return text;
}

// The marks below a line of the source.
bool is_pointer(std::string_view line) {
    const std::string_view marks = trim(line);
    return !marks.empty() && marks.find_first_not_of("^~ ") == std::string_view::npos;
}

bool is_version(std::string_view text) {
    return text.starts_with("(Use `node") || text.starts_with("Node.js v") || text.starts_with("Bun v");
}

// The line that tells the error out of a stack trace.
std::string reason_in(std::string_view printed) {
    std::string_view last;
    const auto lines = split(printed, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string_view text = trim(lines[i]);
        if (i + 1 < lines.size() && is_pointer(lines[i + 1])) continue;  // source, which may say anything
        bool is_error =
            text.find("Error") != std::string_view::npos && text.find(": ") != std::string_view::npos;
        for (const std::string_view prefix : {"error: ", "Uncaught ", "(in promise) "}) {
            if (!text.starts_with(prefix)) continue;
            text.remove_prefix(prefix.size());
            is_error = true;
        }
        if (is_error) return std::string(text);
        if (!text.empty() && !is_version(text)) last = text;
    }
    return std::string(last);
}

// "…:12" -> the position of the colon.
std::size_t line_number_at(std::string_view text) {
    const auto colon = text.find_last_not_of(kDigits);
    return colon != std::string_view::npos && text[colon] == ':' && colon + 1 < text.size()
               ? colon
               : std::string_view::npos;
}

// "/srv/a.config.js:12: ": the head that engines print over a stack trace, else where the trace comes through
// the file; "" when the engine does not tell.
std::string place_in(std::string_view printed, std::string_view path) {
    for (std::string_view line : split(printed, '\n')) {
        line = trim(line);
        if (line.starts_with(kFileUrl)) line.remove_prefix(kFileUrl.size());
        const bool is_own = line.find("/[eval") != std::string_view::npos;  // kProgram
        if (line.starts_with('/') && line_number_at(line) != std::string_view::npos && !is_own)
            return std::string(line) + ": ";
    }
    for (auto at = printed.find(path); at != std::string_view::npos; at = printed.find(path, at + 1)) {
        const std::string_view rest = printed.substr(at + path.size());
        const auto end = std::min(rest.find_first_not_of(kDigits, 1), rest.size());
        if (rest.starts_with(':') && end > 1) return fmt::format("{}{}: ", path, rest.substr(0, end));
    }
    return "";
}

std::string failure_of(const ChildOutput& output, std::string_view path) {
    const std::string printed = plain(output.err);
    if (std::string reason = reason_in(printed); !reason.empty()) return place_in(printed, path) + reason;
    if (WIFSIGNALED(output.wait_status))
        return fmt::format("it was ended by signal {}", WTERMSIG(output.wait_status));
    return fmt::format("it ended with exit code {} before it had exported anything",
                       WEXITSTATUS(output.wait_status));
}

// What the program reads, and takes out of process.env before the file sees it.
Environment environment_of(const JsInput& input, const std::string& path) {
    Environment env = input.env;
    set_variable(env, kPathVariable, path);
    const std::size_t count = std::min(input.arguments.size(), kMaxArguments);
    set_variable(env, kCountVariable, std::to_string(count));
    for (std::size_t i = 0; i < count; ++i)
        set_variable(env, kArgumentVariable + std::to_string(i + 1), input.arguments[i]);
    return env;
}

bool can_be_variable(std::string_view name, std::string_view value) {
    return !name.empty() && name.find('=') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos && value.find('\0') == std::string_view::npos;
}

void apply_changes(Environment& env, const Json& changes) {
    for (const auto& [name, value] : changes.items()) {
        if (value.is_null())
            unset_variable(env, name);
        else if (value.is_string() && can_be_variable(name, value.get_ref<const std::string&>()))
            set_variable(env, name, value.get<std::string>());
    }
}

// `text`: what stands behind the marker.
Result<JsModule> module_in(std::string_view text, const std::string& path, const Environment& env) {
    const std::size_t line_end = std::min(text.find('\n'), text.size());
    const auto changes = read_json(text.substr(0, line_end), path + ": process.env");
    if (!changes) return changes.error();
    auto exported = read_json(text.substr(std::min(line_end + 1, text.size())), path);
    if (!exported) return exported.error();
    JsModule module{std::move(exported->value), env};
    apply_changes(module.env, changes->value);
    return module;
}

}  // namespace

Result<JsModule> read_js(const std::string& path, const JsInput& input, std::chrono::milliseconds deadline) {
    const std::string absolute = std::filesystem::absolute(path).string();
    for (const Engine& engine : engines()) {
        const auto program = find_in_path(engine.name, input.env);
        if (!program) continue;
        std::vector<std::string> argv{std::string(engine.name)};
        argv.insert(argv.end(), engine.arguments.begin(), engine.arguments.end());
        argv.emplace_back(kProgram);
        auto output = run_to_end(*program, argv, environment_of(input, absolute), deadline, kMaxConfigSize);
        if (!output)
            return Error{output.error().code,
                         fmt::format("cannot evaluate '{}': {}", path, output.error().message)};
        const auto marker = output->out.rfind(kMarker);
        if (!WIFEXITED(output->wait_status) || WEXITSTATUS(output->wait_status) != 0 ||
            marker == std::string::npos)
            return Error{ErrorCode::Invalid, fmt::format("cannot evaluate '{}' with {}: {}", path,
                                                         engine.name, failure_of(*output, absolute))};
        return module_in(std::string_view(output->out).substr(marker + kMarker.size()), path, input.env);
    }
    return Error{
        ErrorCode::Unavailable,
        fmt::format("cannot evaluate '{}': none of node, bun and deno is in PATH; .json and .yaml files "
                    "need none of them",
                    path)};
}

}  // namespace kpm::ecosystem
