#include "cli/modules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/process_row.h"
#include "cli/terminal.h"
#include "cli/user_file.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModuleFlag = "pmx_module";
constexpr const char* kFolderKey = "folder";

bool is_folder_name(std::string_view text) {
    return !text.empty() && text.front() != '.' && text.front() != '-' &&
           std::ranges::all_of(
               text, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; });
}

Json member(const Json& object, std::string_view key) {
    const auto at = object.find(std::string(key));
    return at == object.end() ? Json() : *at;
}

// A package without apps of its own is one program.
Json only_program(const Json& package) {
    const Json bin = member(package, "bin");
    std::string script = bin.is_string()                   ? bin.get<std::string>()
                         : bin.is_object() && !bin.empty() ? text_of(bin, bin.begin().key())
                                                           : text_of(package, "main");
    if (script.empty()) script = "index.js";
    return Json::array({{{"script", std::move(script)}}});
}

Json declared_apps(const Json& package) {
    for (const char* key : {"apps", "pm2"}) {
        const Json apps = member(package, key);
        if (apps.is_array()) return apps;
        if (apps.is_object()) return Json::array({apps});
    }
    return only_program(package);
}

Json& list_in(Json& root, std::string_view key) {
    Json& list = root[std::string(key)];
    if (!list.is_object()) list = Json::object();
    return list;
}

}  // namespace

Result<std::string> module_name(std::string_view source) {
    const Error unusable{ErrorCode::Invalid, fmt::format("cannot install '{}': it names no package", source)};
    std::string_view name = source;
    std::string scope;
    if (name.starts_with('@')) {
        const std::size_t slash = name.find('/');
        if (slash == std::string_view::npos) return unusable;
        scope = name.substr(0, slash + 1);
        name.remove_prefix(slash + 1);
        if (!is_folder_name(std::string_view(scope).substr(1, scope.size() - 2))) return unusable;
    } else {
        name = name.substr(0, name.find('#'));
        name.remove_prefix(name.rfind('/') + 1);  // npos + 1 = 0
        if (name.ends_with(".git")) name.remove_suffix(4);
    }
    name = name.substr(0, name.find('@'));
    if (!is_folder_name(name)) return unusable;
    return scope + std::string(name);
}

Result<Module> module_of(const Json& package, const fs::path& folder) {
    Module module{
        text_of(package, "name"), text_of(package, "version"), folder, {}, member(package, "config")};
    if (module.version.empty()) module.version = "0.0.0";
    const auto unusable = [&](std::string_view why) {
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot read '{}': {}", (folder / "package.json").string(), why)};
    };
    if (module.name.empty()) return unusable("it has no name");
    // It becomes the name of a folder.
    if (const auto name = module_name(module.name); !name || *name != module.name)
        return unusable(fmt::format("'{}' is no name of a package", printable(module.name)));
    if (!is_folder_name(module.version))
        return unusable(fmt::format("'{}' is no version", printable(module.version)));
    if (!module.settings.is_object()) module.settings = Json::object();
    for (const Json& declared : declared_apps(package)) {
        auto app = ecosystem::parse_app(declared, {.path = (folder / "package.json").string()});
        if (!app) return app.error();
        ecosystem::AppConfig& config = app->config;
        if (config.name.empty()) config.name = module.name;
        config.cwd = folder / config.cwd;
        config.extra[kModuleFlag] = true;
        module.apps.push_back(std::move(*app));
    }
    return module;
}

Result<Module> read_module(const fs::path& folder) {
    const std::string path = folder / "package.json";
    const auto text = read_user_file(path);
    if (!text) return text.error();
    const Json package = parse_json(*text);
    if (!package.is_object())
        return Error{ErrorCode::Invalid, fmt::format("cannot read '{}': it is no object of JSON", path)};
    return module_of(package, folder);
}

fs::path module_root(const ipc::Home& home, std::string_view name) {
    return home.modules() / name;
}

fs::path package_folder(const ipc::Home& home, std::string_view name) {
    return module_root(home, name) / "node_modules" / name;
}

std::vector<fs::path> installed_modules(const ipc::Home& home, const ModuleConf& conf) {
    std::vector<fs::path> folders;
    const Json packages = member(conf.root(), kPackagesKey), tarballs = member(conf.root(), kTarballsKey);
    if (packages.is_object()) {
        for (const auto& [name, about] : packages.items()) {
            // PM2's list names no folders.
            const std::string own = text_of(about, kFolderKey);
            folders.push_back(own.empty() ? package_folder(home, name) : fs::path(own));
        }
    }
    if (tarballs.is_object()) {
        for (const auto& [name, about] : tarballs.items()) folders.push_back(module_root(home, name));
    }
    return folders;
}

void enter_module(ModuleConf& conf, std::string_view key, const Module& module) {
    Json root = conf.root();
    Json& about = list_in(root, key)[module.name];
    if (!about.is_object()) about = Json::object();
    about[kFolderKey] = module.folder.string();
    for (const ecosystem::ParsedApp& app : module.apps) {
        Json& settings = root[app.config.name];
        if (!settings.is_object()) settings = Json::object();
        for (const auto& [name, value] : module.settings.items()) {
            if (!settings.contains(name)) settings[name] = value;
        }
    }
    conf = ModuleConf(std::move(root));
}

bool strike_module(ModuleConf& conf, std::string_view name) {
    Json root = conf.root();
    std::size_t struck = 0;
    for (const std::string_view key : {kPackagesKey, kTarballsKey})
        struck += list_in(root, key).erase(std::string(name));
    conf = ModuleConf(std::move(root));
    return struck > 0;
}

}  // namespace kpm::cli
