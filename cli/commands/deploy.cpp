// deploy: brings a commit onto the hosts of the configuration's `deploy` section, over ssh and git.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <span>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/config_apps.h"
#include "cli/deploy/deployment.h"
#include "cli/deploy/steps.h"
#include "cli/run_command.h"
#include "cli/terminal.h"
#include "ecosystem/read_config.h"
#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 8> kDefaultFiles{
    "ecosystem.json",       "ecosystem.yml",        "ecosystem.yaml",  "ecosystem.config.js",
    "ecosystem.config.cjs", "ecosystem.config.mjs", "ecosystem.json5", "package.json"};

constexpr std::string_view kHelp = R"(
  kpm deploy [file] <environment> [command]

  Without a command the environment's `ref` is deployed. Commands:

    setup                make the folders on the hosts and clone the repository
    update               deploy the newest state of `ref`
    revert [n]           go back to the n-th deployment before the last, 1 if not given
    curr[ent]            print the commit that is deployed
    prev[ious]           print the one before
    exec|run <cmd>       run a command in the deployed folder, with all words that follow
    list                 list the deployments, newest first
    ref <ref>            deploy this branch, tag or commit

  --force deploys in spite of changes that are not committed or not pushed.
  --json: list, current and previous print the facts as JSON.

)";

bool is_command_of_host(std::string_view command) {
    return command == "exec" || command == "run";
}

// One host after the other; each gets the whole of it before the next one is touched.
class Deployer {
public:
    Deployer(Context& context, const Deployment& deployment, bool forced)
        : context_(context), deployment_(deployment), forced_(forced) {}

    bool run(std::string_view command, const std::vector<std::string>& words) {
        context_.console.line(
            fmt::format("--> Deploying to {} environment", printable(deployment_.environment)));
        for (const DeployHost& host : deployment_.hosts) {
            context_.console.line(fmt::format("--> on host {}", printable(host.name)));
            if (!run_on(host, command, words)) return false;
        }
        context_.console.line("--> Success");
        return true;
    }

    // Of list, current and previous: [{host, commits}], newest first, or [{host, commit}].
    std::optional<Json> facts(std::string_view command) {
        const bool is_list = command == "list";
        const bool is_current = command == "curr" || command == "current";
        if (!is_list && !is_current && command != "prev" && command != "previous") {
            say(fmt::format("cannot print '{}' as JSON: only list, current and previous", command));
            return std::nullopt;
        }
        const std::string text = is_list      ? list_script(deployment_)
                                 : is_current ? current_script(deployment_)
                                              : earlier_script(deployment_, 1);
        Json facts = Json::array();
        for (const DeployHost& host : deployment_.hosts) {
            std::string output;
            const auto code = capture_command(shell_words(deployment_, host, text), output);
            exit_code_ = code ? *code : 0;
            if (!code || *code != 0) {
                say(code ? fmt::format("cannot read the deployments of '{}'", printable(host.name))
                         : code.error().message);
                return std::nullopt;
            }
            facts.push_back({{"host", host.name}});
            if (!is_list) {
                facts.back()["commit"] = trim(output);
                continue;
            }
            Json& commits = facts.back()["commits"] = Json::array();
            for (const std::string_view line : split(trim(output), '\n'))  // "0<tab>commit"
                if (const auto tab = line.find('\t'); tab != std::string_view::npos)
                    commits.push_back(line.substr(tab + 1));
        }
        return facts;
    }

private:
    bool run_on(const DeployHost& host, std::string_view command, const std::vector<std::string>& words) {
        const std::string argument = words.empty() ? "" : words[0];
        if (command == "setup") return steps(host, setup_steps(deployment_));
        if (command.empty() || command == "update") return update(host, deployment_.ref);
        if (command == "ref") return update(host, argument);
        if (command == "list") return script(host, list_script(deployment_));
        if (command == "curr" || command == "current") return script(host, current_script(deployment_));
        if (command == "prev" || command == "previous") return script(host, earlier_script(deployment_, 1));
        if (is_command_of_host(command)) return script(host, command_script(deployment_, joined(words)));
        if (command == "revert") return revert(host, argument);
        // As in PM2: any other word is what is to be deployed.
        return update(host, std::string(command));
    }

    static std::string joined(const std::vector<std::string>& words) {
        std::string text;
        for (const std::string& word : words) text.append(text.empty() ? "" : " ").append(word);
        return text;
    }

    bool revert(const DeployHost& host, const std::string& argument) {
        unsigned back = 1;
        if (!argument.empty()) {
            const auto read = std::from_chars(argument.data(), argument.data() + argument.size(), back);
            if (read.ec != std::errc() || read.ptr != argument.data() + argument.size())
                return say(
                    fmt::format("cannot revert '{}': not a number of deployments", printable(argument)));
        }
        step_title(fmt::format("reverting {} deploy(s)", back));
        std::string ref;
        const auto code =
            capture_command(shell_words(deployment_, host, earlier_script(deployment_, back)), ref);
        if (!code) return say(code.error().message);
        ref = std::string(trim(ref));
        if (*code != 0 || ref.empty())
            return say(fmt::format("cannot revert '{}': there are not so many deployments", back));
        return update(host, ref);
    }

    bool update(const DeployHost& host, const std::string& ref) {
        if (ref.empty() || ref.starts_with('-'))
            return say(fmt::format("cannot deploy '{}': not a branch, tag or commit", printable(ref)));
        return is_committed() && steps(host, update_steps(deployment_, ref));
    }

    bool is_committed() {
        if (forced_) return true;
        std::string reason;
        const auto code = capture_command({"sh", "-c", local_check_script()}, reason);
        if (!code) return say(code.error().message);
        if (*code == 0) return true;
        return say(fmt::format("cannot deploy '{}': {} first, or use --force",
                               printable(deployment_.environment), trim(reason)));
    }

    bool steps(const DeployHost& host, const std::vector<DeployStep>& all) {
        for (const DeployStep& step : all) {
            if (!step.title.empty()) step_title(step.title);
            if (step.script.empty()) continue;
            const auto words = step.is_local ? std::vector<std::string>{"sh", "-c", step.script}
                                             : shell_words(deployment_, host, step.script);
            if (!execute(words)) return say(step.failure);
        }
        return true;
    }

    bool script(const DeployHost& host, const std::string& text) {
        return execute(shell_words(deployment_, host, text));
    }

    bool execute(const std::vector<std::string>& words) {
        const auto code = run_command(words);
        if (!code) return say(code.error().message);
        exit_code_ = *code;
        return *code == 0;
    }

    void step_title(std::string_view text) const {
        context_.console.line(fmt::format("  ○ {}", printable(text)));
    }

    bool say(const std::string& text) const {
        context_.console.error(exit_code_ == 0 ? text : fmt::format("{} (exit code {})", text, exit_code_));
        return false;
    }

    Context& context_;
    const Deployment& deployment_;
    bool forced_;
    int exit_code_ = 0;
};

std::string default_file(const std::string& folder) {
    for (const char* name : kDefaultFiles) {
        std::error_code ignored;
        if (fs::exists(fs::path(folder) / name, ignored)) return name;
    }
    return "";
}

bool names_file(std::span<const std::string> words) {
    return !words.empty() && (ecosystem::is_config_file(words[0]) || words[0].ends_with(".json"));
}

// What the host's shell gets: also options, which are not kpm's there. A "--" before it keeps them apart.
std::vector<std::string> words_of_host(std::vector<std::string> words) {
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    return words;
}

}  // namespace

bool deploy_ends_line(std::span<const std::string> words) {
    return words.size() == (names_file(words) ? 3 : 2) && is_command_of_host(words.back());
}

int run_deploy(Context& context) {
    std::vector<std::string> words = context.line.words;
    const auto take = [&] {
        std::string word = words.empty() ? "" : words.front();
        if (!words.empty()) words.erase(words.begin());
        return word;
    };
    std::string file = names_file(words) ? take() : "";
    const std::string environment = take(), command = take();
    if (is_command_of_host(command)) words = words_of_host(context.line.verbatim);
    if (environment.empty() || environment == "help") {
        context.console.text(kHelp);
        return kDone;
    }
    if (file.empty()) file = default_file(context.cwd);
    if (file.empty()) return context.fail("Not any default deployment file exists.");
    const auto config = ecosystem::read_config((fs::path(context.cwd) / file).lexically_normal().string(),
                                               script_input(context));
    if (!config) {
        const bool is_missing = config.error().code == ErrorCode::NotFound;
        return context.fail(is_missing ? fmt::format("File {} not found", file) : config.error().message);
    }
    auto deployment = read_deployment(config->deploy, environment, file);
    if (!deployment) {
        if (deployment.error().code == ErrorCode::Invalid) context.console.line("Deploy failed");
        return context.fail(deployment.error());
    }
    if (deployment->post_deploy.empty())
        deployment->post_deploy = default_post_deploy(file, context.cwd, environment);
    Deployer deployer(context, *deployment, context.line.has("force"));
    if (context.line.has("json")) {
        const auto facts = deployer.facts(command);
        return facts ? print_json(context, *facts) : kFailed;
    }
    if (deployer.run(command, words)) return kDone;
    context.console.line("Deploy failed");
    return kFailed;
}

}  // namespace kpm::cli
