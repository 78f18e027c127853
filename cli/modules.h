#pragma once
// Modules: packages of npm that run as apps beside the user's own (pm2-logrotate, exporters). Where they lie,
// which of a package's programs are its apps, and the list in module_conf.json by which a new daemon starts
// them again. Installing them is cli/commands/modules.cpp's work.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/module_conf.h"
#include "ecosystem/parse_app.h"
#include "ipc/base/result.h"
#include "ipc/home.h"

namespace kpm::cli {

// PM2's keys of the list in module_conf.json.
inline constexpr std::string_view kPackagesKey = "module-db-v2";
inline constexpr std::string_view kTarballsKey = "tar-modules";

// What a source is called before it is installed: "pm2-logrotate@3" -> "pm2-logrotate", "@me/x", and of an
// address or "user/repository" its last part. Pure. Invalid: nothing that may be the name of a folder.
Result<std::string> module_name(std::string_view source);

struct Module {
    std::string name;     // of its package.json
    std::string version;  // "0.0.0" when it has none
    std::filesystem::path folder;
    std::vector<ecosystem::ParsedApp> apps;  // named, flagged as modules, with cwd and script absolute
    Json settings = Json::object();          // its `config`: values of what is not set yet
};

// Reads the package.json of a folder: its `apps` or `pm2`, else its first program, else its `main`.
Result<Module> read_module(const std::filesystem::path& folder);
// The same of what was read. Pure.
Result<Module> module_of(const Json& package, const std::filesystem::path& folder);

// Where an installed module lies.
std::filesystem::path module_root(const ipc::Home& home, std::string_view name);
std::filesystem::path package_folder(const ipc::Home& home, std::string_view name);

// The modules that a new daemon starts, by the folder of their package.
std::vector<std::filesystem::path> installed_modules(const ipc::Home& home, const ModuleConf& conf);
// Enters a module and those of its settings that have no value yet.
void enter_module(ModuleConf& conf, std::string_view key, const Module& module);
// False: it was not in the list.
bool strike_module(ModuleConf& conf, std::string_view name);

}  // namespace kpm::cli
