#include "cli/module_start.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/actions.h"

namespace kpm::cli {
namespace {

bool is_module_named(const ProcessRow& row, const std::string& name) {
    return row.is_module && row.name == name;
}

bool start_one(Context& context, const ecosystem::AppConfig& declared) {
    auto resolved = ecosystem::resolve(declared, resolve_context(context, true));
    if (!resolved) {
        fail_of_module(context, resolved.error().message);
        return false;
    }
    if (const auto started = start_app(context, resolved->config); !started) {
        fail_of_module(context, started.error().message);
        return false;
    }
    return true;
}

}  // namespace

void say_of_module(const Context& context, std::string_view text) {
    const std::string line = context.console.paint()("[PM2][Module] ", {Style::Green}) + std::string(text);
    // As with other notices: where stdout is for a program, it is not in it.
    if (context.command.machine_output || context.line.has("json"))
        context.console.error_line(line);
    else
        context.console.line(line);
}

int fail_of_module(const Context& context, std::string_view text) {
    context.console.error_line(context.console.paint()("[PM2][Module][ERROR] ", {Style::Red}) +
                               printable(text));
    return kFailed;
}

bool start_module(Context& context, const Module& module) {
    const auto list = context.session->brief_list();
    if (!list) {
        fail_of_module(context, list.error().message);
        return false;
    }
    bool is_good = true;
    for (const ecosystem::ParsedApp& app : module.apps) {
        ActionRequest old{Action::Delete, app.config.name, {}};
        old.announced = false;
        for (const ProcessRow& row : list->rows)
            if (is_module_named(row, app.config.name)) old.ids.push_back(row.id);
        is_good &= act(context, old, list->rows) && start_one(context, app.config);
    }
    return is_good;
}

void start_installed_modules(Context& context) {
    const auto conf = ModuleConf::read(context.home);
    if (!conf) {
        fail_of_module(context, conf.error().message);
        return;
    }
    const auto folders = installed_modules(context.home, *conf);
    if (folders.empty()) return;
    const auto list = context.session->brief_list();
    if (!list) {
        fail_of_module(context, list.error().message);
        return;
    }
    for (const std::filesystem::path& folder : folders) {
        auto module = read_module(folder);
        if (!module) {
            fail_of_module(context, module.error().message);
            continue;
        }
        std::erase_if(module->apps, [&](const ecosystem::ParsedApp& app) {
            return std::ranges::any_of(
                list->rows, [&](const ProcessRow& row) { return is_module_named(row, app.config.name); });
        });
        if (module->apps.empty()) continue;
        say_of_module(context, fmt::format("Starting module {}", printable(module->name)));
        start_module(context, *module);
    }
    // What has died is told of here, and is no failure of the command that the user gave.
    context.launches.settle(context);
    context.launches = {};
}

}  // namespace kpm::cli
