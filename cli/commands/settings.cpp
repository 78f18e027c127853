// set, multiset, get, conf, config, unset: the settings of modules and apps in module_conf.json.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/module_conf.h"
#include "cli/modules.h"
#include "cli/run_command.h"
#include "ecosystem/parse_app.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

constexpr std::string_view kAll = "all";

std::string shown(const Json& value) {
    return printable(value.is_string() ? value.get<std::string>()
                                       : value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void show_module(const Context& context, const std::string& name, const Json& values) {
    const Paint paint = context.console.paint();
    context.console.line(paint("Module: ", {Style::Bold}) +
                         paint(printable(name), {Style::Bold, Style::Blue}));
    for (const auto& [key, value] : values.items())
        context.console.line(
            fmt::format("$ kpm set {}:{} {}", printable(name), printable(key), shown(value)));
}

void show_all(const Context& context, const ModuleConf& conf) {
    for (const auto& [name, values] : conf.root().items()) {
        if (values.is_object() && name != kPackagesKey && name != kTarballsKey)
            show_module(context, name, values);
    }
}

void show_module_of(const Context& context, const ModuleConf& conf, std::string_view key) {
    const std::string name(key_parts(key).front());
    if (const auto module = conf.root().find(name); module != conf.root().end() && module->is_object())
        show_module(context, name, *module);
}

bool is_nested(std::string_view key) {
    return key_parts(key).size() > 1;
}

// An app of the module's name gets its new settings at once. Quiet, as in PM2: most modules are no apps.
void restart_app(Context& context, const ModuleConf& conf, std::string_view key) {
    if (context.session == nullptr) return;
    const std::string name(key_parts(key).front());
    const auto list = context.session->list();
    if (!list) return;
    const Json env = module_variables(conf, name);
    for (const ProcessRow& row : list->rows) {
        if (row.name != name) continue;
        [[maybe_unused]] const auto restarted = context.session->call(
            ipc::method::kRestartProcessId, Json::array({{{"id", row.id}, {"env", env}}}));
    }
}

int edit(Context& context) {
    const std::string path = context.home.module_conf().string();
    std::string editor;
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = std::getenv(name);
        if (editor.empty() && value != nullptr) editor = value;
    }
    if (editor.empty()) editor = "vi";
    // The variable may hold options: "code -w".
    const auto code = run_command({"sh", "-c", editor + " \"$1\"", "sh", path});
    if (!code) return context.fail(code.error());
    if (*code != 0)
        return context.fail(fmt::format("cannot edit '{}': {} ended with {}", path, editor, *code));
    const auto conf = ModuleConf::read(context.home);
    return conf ? kDone : context.fail(conf.error());
}

// What is stored, without the lists of modules that stand in the same file.
Json settings_of(const ModuleConf& conf) {
    Json settings = conf.root();
    settings.erase(kPackagesKey);
    settings.erase(kTarballsKey);
    return settings;
}

int set_one(Context& context, const std::string& key, const std::string& value) {
    const auto conf = ModuleConf::update(context.home, [&](ModuleConf& stored) -> Result<bool> {
        if (const auto set = stored.set(key, value); !set) return set.error();
        return true;
    });
    if (!conf) return context.fail(conf.error());
    if (is_nested(key)) restart_app(context, *conf, key);
    if (context.line.has("json")) return print_json(context, *conf->get(key));
    if (!is_nested(key)) {
        show_all(context, *conf);
        return kDone;
    }
    context.console.info("Setting changed");
    show_module_of(context, *conf, key);
    return kDone;
}

int get_one(Context& context, const std::string& key) {
    const auto conf = ModuleConf::read(context.home);
    if (!conf) return context.fail(conf.error());
    const bool as_json = context.line.has("json");
    if (key.empty() || key == kAll) {
        if (as_json) return print_json(context, settings_of(*conf));
        show_all(context, *conf);
        return kDone;
    }
    const Json* value = conf->get(key);
    if (value == nullptr) return context.fail(fmt::format("cannot get '{}': it is not set", key));
    if (as_json) return print_json(context, *value);
    const Paint paint = context.console.paint();
    if (is_nested(key)) {
        const auto parts = key_parts(key);
        std::string_view rest = key;
        rest.remove_prefix(parts.front().size() + 1);
        context.console.line(fmt::format(
            "Value for module {} key {}: {}", paint(printable(parts.front()), {Style::Blue}),
            paint(printable(rest), {Style::Blue}), paint(shown(*value), {Style::Bold, Style::Green})));
        return kDone;
    }
    if (value->is_object())
        show_module(context, key, *value);
    else
        context.console.line(fmt::format("$ kpm set {} {}", printable(key), shown(*value)));
    context.console.line("Modules configuration. Copy/Paste line to edit values.");
    return kDone;
}

std::string words_from(const Context& context, std::size_t first) {
    std::string text;
    for (std::size_t i = first; i < context.line.words.size(); ++i)
        text.append(text.empty() ? "" : " ").append(context.line.words[i]);
    return text;
}

}  // namespace

int run_set(Context& context) {
    if (context.line.words.empty()) return edit(context);
    if (context.line.words.size() < 2)
        return context.fail(fmt::format("cannot set '{}': there is no value", context.word()));
    return set_one(context, context.line.words[0], context.line.words[1]);
}

int run_get(Context& context) {
    return get_one(context, std::string(context.word()));
}

int run_conf(Context& context) {
    return context.line.words.size() < 2 ? run_get(context) : run_set(context);
}

int run_multiset(Context& context) {
    const std::string text = words_from(context, 0);
    const auto words = ecosystem::split_words(text);
    if (words.empty() || words.size() % 2 != 0)
        return context.fail(fmt::format("cannot set '{}': keys and values, in turn, are wanted", text));
    const auto conf = ModuleConf::update(context.home, [&](ModuleConf& stored) -> Result<bool> {
        for (std::size_t i = 0; i < words.size(); i += 2)
            if (const auto set = stored.set(words[i], words[i + 1]); !set) return set.error();
        return true;
    });
    if (!conf) return context.fail(conf.error());
    std::vector<std::string_view> modules;  // each once, however many of its keys are set
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const std::string_view module = key_parts(words[i]).front();
        if (!is_nested(words[i]) || std::ranges::find(modules, module) != modules.end()) continue;
        modules.push_back(module);
        restart_app(context, *conf, words[i]);
    }
    show_module_of(context, *conf, words[0]);
    return kDone;
}

int run_unset(Context& context) {
    const auto conf = ModuleConf::update(
        context.home, [&](ModuleConf& stored) -> Result<bool> { return stored.unset(context.word()); });
    if (!conf) return context.fail(conf.error());
    show_all(context, *conf);
    return kDone;
}

}  // namespace kpm::cli
