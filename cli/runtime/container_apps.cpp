#include "cli/runtime/container_apps.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/actions.h"
#include "cli/config_apps.h"
#include "cli/notes.h"
#include "cli/runtime/container_environment.h"
#include "ecosystem/dump_app.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

using ecosystem::ParsedApp;

constexpr const char* kNoLog = "/dev/null";

// Standard output has it all, and files would fill the container.
void drop_default_logs(ecosystem::AppConfig& config) {
    if (config.out_file.empty()) config.out_file = kNoLog;
    if (config.error_file.empty()) config.error_file = kNoLog;
}

std::optional<std::vector<ParsedApp>> declared_apps(Context& context, const std::string& word,
                                                    ecosystem::Environment& deploy_env) {
    if (is_config_word(word)) {
        auto file = apps_of(context, word);
        if (!file) return std::nullopt;
        deploy_env = std::move(file->deploy_env);
        return std::move(file->apps);
    }
    auto options = parse_options(context);
    if (!options) return std::nullopt;
    options->config.script = word;
    std::vector<ParsedApp> apps;
    apps.push_back(std::move(*options));
    return apps;
}

}  // namespace

std::optional<std::vector<ecosystem::AppConfig>> container_apps(Context& context) {
    std::vector<ecosystem::AppConfig> result;
    for (const std::string& word : context.line.words) {
        ecosystem::Environment deploy_env;
        auto apps = declared_apps(context, word, deploy_env);
        if (!apps) return std::nullopt;
        auto resolving = resolve_context(context, is_config_word(word));
        resolving.deploy_env = std::move(deploy_env);
        for (ParsedApp& app : *apps) {
            if (const auto applied = apply_instances(app, apps->size() == 1); !applied) {
                context.console.error(applied.error().message);
                return std::nullopt;
            }
            drop_default_logs(app.config);
            auto resolved = ecosystem::resolve(app.config, resolving);
            if (!resolved) {
                context.console.error(resolved.error().message);
                return std::nullopt;
            }
            for (const std::string& warning : resolved->warnings) context.console.warn_on_stderr(warning);
            result.push_back(std::move(resolved->config));
        }
    }
    if (!result.empty()) return result;
    context.console.error("no app to run");
    return std::nullopt;
}

int start_container_apps(Context& context, const std::vector<ecosystem::AppConfig>& apps) {
    ipc::Client& client = context.session->client();
    std::vector<ipc::Client::Ticket> tickets;
    for (const ecosystem::AppConfig& config : apps) {
        make_folders(context, config);
        tickets.push_back(client.send(ipc::method::kPrepare, Json::array({ecosystem::dump_wire(config)})));
    }
    std::vector<std::pair<const std::string*, std::string>> failed;  // names and reasons
    for (std::size_t i = 0; i < apps.size(); ++i) {
        const auto answer = client.wait(tickets[i]);
        if (answer)
            say_warnings(context, *answer);
        else
            failed.emplace_back(&apps[i].name, answer.error().message);
    }
    if (failed.empty()) return kDone;
    // What is in the list has begun: how it ends is the container's exit code. What is not was refused.
    const auto list = context.session->brief_list();
    if (!list) return context.fail(list.error());
    int result = kDone;
    for (const auto& [name, reason] : failed)
        if (std::ranges::find(list->rows, *name, &ProcessRow::name) == list->rows.end())
            result = context.fail(reason);
    return result;
}

}  // namespace kpm::cli
