#include "ecosystem/read_js.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>

#include "ecosystem/child_output.h"
#include "ecosystem/read_json.h"
#include "ecosystem/resolve.h"
#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

constexpr std::chrono::seconds kDeadline{10};

// Before it stands whatever the file itself prints.
constexpr std::string_view kMarker = "\n--- kpm configuration ---\n";
constexpr const char* kPathVariable = "KPM_CONFIG_PATH";
constexpr std::string_view kProgram = R"js(
import process from 'node:process';
import { pathToFileURL } from 'node:url';
const exported = await import(pathToFileURL(process.env.KPM_CONFIG_PATH).href);
const config = exported.default ?? { ...exported };
const plain = (key, value) => value instanceof RegExp ? value.source : value;
const text = JSON.stringify(config, plain);
process.stdout.write('\n--- kpm configuration ---\n' + (text ?? 'null'), () => process.exit(0));
)js";

struct Engine {
    std::string_view name;
    std::vector<std::string> arguments;  // before the program text
};

const std::vector<Engine>& engines() {
    static const std::vector<Engine> kEngines{
        {"node", {"--input-type=module", "-e"}}, {"bun", {"-e"}}, {"deno", {"eval"}}};
    return kEngines;
}

// The line that tells the error out of a stack trace.
std::string reason_in(std::string_view printed) {
    std::string_view last = "no output";
    for (const std::string_view line : split(printed, '\n')) {
        const std::string_view text = trim(line);
        if (text.find("Error") != std::string_view::npos && text.find(": ") != std::string_view::npos)
            return std::string(text);
        if (!text.empty()) last = text;
    }
    return std::string(last);
}

}  // namespace

Result<Json> read_js(const std::string& path, const Environment& env) {
    for (const Engine& engine : engines()) {
        const auto program = find_in_path(engine.name, env);
        if (!program) continue;
        std::vector<std::string> argv{std::string(engine.name)};
        argv.insert(argv.end(), engine.arguments.begin(), engine.arguments.end());
        argv.emplace_back(kProgram);
        Environment child_env = env;
        set_variable(child_env, kPathVariable, std::filesystem::absolute(path).string());
        auto output = run_to_end(*program, argv, child_env, kDeadline, kMaxConfigSize);
        if (!output)
            return Error{output.error().code,
                         fmt::format("cannot evaluate '{}': {}", path, output.error().message)};
        const auto marker = output->out.rfind(kMarker);
        if (!WIFEXITED(output->wait_status) || WEXITSTATUS(output->wait_status) != 0 ||
            marker == std::string::npos)
            return Error{ErrorCode::Invalid, fmt::format("cannot evaluate '{}' with {}: {}", path,
                                                         engine.name, reason_in(output->err))};
        auto document = read_json(std::string_view(output->out).substr(marker + kMarker.size()), path);
        if (!document) return document.error();
        return std::move(document->value);
    }
    return Error{
        ErrorCode::Unavailable,
        fmt::format("cannot evaluate '{}': none of node, bun and deno is in PATH; .json and .yaml files "
                    "need none of them",
                    path)};
}

}  // namespace kpm::ecosystem
