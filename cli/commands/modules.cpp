// install, uninstall, package: packages of npm as apps of the home.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/module_start.h"
#include "cli/run_command.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

bool is_tarball(std::string_view source) {
    return source.ends_with(".tar.gz") || source.ends_with(".tgz");
}

Result<void> make_folder(const fs::path& folder) {
    std::error_code problem;
    fs::create_directories(folder, problem);
    if (problem) return os_error("create", folder.string(), problem.value());
    return {};
}

Result<void> run_program(const std::vector<std::string>& words, std::string_view failure) {
    const auto code = run_command(words);
    if (!code) return code.error();
    if (*code != 0)
        return Error{ErrorCode::Io, fmt::format("{}: {} ended with {}", failure, words.front(), *code)};
    return {};
}

// npm makes node_modules/<package> in the folder that it is given.
Result<fs::path> install_package(const Context& context, const std::string& source) {
    const auto name = module_name(source);
    if (!name) return name.error();
    const fs::path root = module_root(context.home, *name);
    if (const auto made = make_folder(root / "node_modules"); !made) return made.error();
    // npm would look for a folder from the prefix on.
    const fs::path local = fs::path(context.cwd) / source;
    std::error_code ignored;
    const bool is_path = source.starts_with('.') || source.starts_with('/');
    const std::string whole =
        is_path && fs::is_directory(local, ignored) ? local.lexically_normal().string() : source;
    say_of_module(context, fmt::format("Calling [NPM] to install {} ...", printable(source)));
    const auto done = run_program({"npm", "install", "--prefix", root.string(), "--no-audit", "--no-fund",
                                   "--loglevel=error", "--", whole},
                                  "Installation failed via NPM");
    if (!done) return done.error();
    return package_folder(context.home, *name);
}

bool is_url(std::string_view source) {
    return source.starts_with("http://") || source.starts_with("https://");
}

// The archive of an address, by npm, which is there for modules anyway, and knows proxies and certificates.
Result<fs::path> fetch(const Context& context, const std::string& url) {
    const fs::path folder = context.home.modules() / ".fetched";
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    if (const auto made = make_folder(folder); !made) return made.error();
    const auto done =
        run_program({"npm", "pack", "--silent", "--pack-destination", folder.string(), "--", url},
                    fmt::format("cannot fetch '{}'", url));
    if (!done) {
        fs::remove_all(folder, ignored);
        return done.error();
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) return entry.path();
    return Error{ErrorCode::Io, fmt::format("cannot fetch '{}': nothing has come", url)};
}

// The folder in the archive may have any name: it becomes that of the package.
Result<fs::path> unpack(const Context& context, const std::string& file) {
    const fs::path fresh = context.home.modules() / ".unpacked";
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    if (const auto made = make_folder(fresh); !made) return made.error();
    const auto archive = is_url(file) ? fetch(context, file) : Result<fs::path>(fs::path(context.cwd) / file);
    if (!archive) return archive.error();
    const auto done =
        run_program({"tar", "-xzf", archive->string(), "-C", fresh.string(), "--strip-components=1"},
                    fmt::format("cannot unpack '{}'", file));
    if (is_url(file)) fs::remove_all(archive->parent_path(), ignored);
    if (!done) return done.error();
    const auto module = read_module(fresh);
    if (!module) return module.error();
    const auto name = module_name(module->name);
    if (!name) return name.error();
    const fs::path root = module_root(context.home, *name);
    fs::remove_all(root, ignored);
    if (const auto made = make_folder(root.parent_path()); !made) return made.error();
    std::error_code problem;
    fs::rename(fresh, root, problem);
    if (problem) return os_error("create", root.string(), problem.value());
    return root;
}

int install(Context& context, const std::string& source) {
    const bool is_archive = is_tarball(source) || context.line.has("tarball");
    const bool is_here = source == ".";
    const auto folder = is_here      ? Result<fs::path>(fs::path(context.cwd))
                        : is_archive ? unpack(context, source)
                                     : install_package(context, source);
    if (!folder) return context.fail(folder.error());
    auto module = read_module(*folder);
    if (!module) return context.fail(module.error());
    const auto entered = ModuleConf::update(context.home, [&](ModuleConf& conf) -> Result<bool> {
        enter_module(conf, is_archive ? kTarballsKey : kPackagesKey, *module);
        return true;
    });
    if (!entered) return context.fail(entered.error());
    // For whoever develops it: a change is seen at once.
    for (ecosystem::ParsedApp& app : module->apps)
        if (is_here) app.config.watch = true;
    if (!start_module(context, *module) || !context.launches.settle(context)) return kFailed;
    say_of_module(context,
                  fmt::format("Module {} successfully installed and launched", printable(module->name)));
    return kDone;
}

int uninstall(Context& context, const std::string& name) {
    auto conf = ModuleConf::read(context.home);
    if (!conf) return context.fail(conf.error());
    const auto list = context.session->brief_list();
    if (!list) return context.fail(list.error());
    // The apps of a package may have names of their own.
    std::vector<std::string> names{name};
    for (const fs::path& folder : installed_modules(context.home, *conf)) {
        const auto module = read_module(folder);
        if (!module || module->name != name) continue;
        for (const ecosystem::ParsedApp& app : module->apps) names.push_back(app.config.name);
    }
    ActionRequest request{Action::Delete, name, {}};
    for (const ProcessRow& row : list->rows)
        if (row.is_module && std::ranges::find(names, row.name) != names.end()) request.ids.push_back(row.id);
    const bool was_listed = strike_module(*conf, name);
    if (!was_listed && request.ids.empty()) return fail_of_module(context, "Unknown module");
    if (!request.ids.empty() && !act(context, request, list->rows)) return kFailed;
    // Read anew: ending the apps may have taken long.
    const auto struck = ModuleConf::update(
        context.home, [&](ModuleConf& stored) -> Result<bool> { return strike_module(stored, name); });
    if (!struck) return context.fail(struck.error());
    if (const auto folder = module_name(name); folder && *folder == name) {
        const fs::path root = module_root(context.home, name);
        std::error_code problem;
        fs::remove_all(root, problem);
        if (problem) return context.fail(os_error("remove", root.string(), problem.value()));
    }
    say_of_module(context, fmt::format("Module {} uninstalled", printable(name)));
    return kDone;
}

}  // namespace

int run_install(Context& context) {
    if (context.line.words.empty())
        return context.fail("cannot install: expected a package of npm, a .tar.gz or '.'");
    for (const std::string& source : context.line.words)
        if (const int result = install(context, source); result != kDone) return result;
    return print_list(context);
}

int run_uninstall(Context& context) {
    const std::string name(context.word());
    if (const int result = uninstall(context, name); result != kDone) return result;
    return print_list(context);
}

int run_package(Context& context) {
    const fs::path folder = (fs::path(context.cwd) / std::string(context.word())).lexically_normal();
    const auto module = read_module(folder);
    if (!module) return context.fail(module.error());
    const auto name = module_name(module->name);
    if (!name) return context.fail(name.error());
    std::string version = module->version;
    std::ranges::replace(version, '.', '-');
    const std::string base = fs::path(*name).filename().string() + "-v" + version;
    const std::string file = (fs::path(context.cwd) / (base + ".tar.gz")).string();
    const fs::path whole = fs::canonical(folder);
    const auto packed = run_program({"tar", "-czf", file, "--exclude=" + base + ".tar.gz", "--exclude-vcs",
                                     "-C", whole.parent_path().string(), "--", whole.filename().string()},
                                    fmt::format("cannot pack '{}'", whole.string()));
    if (!packed) return context.fail(packed.error());
    say_of_module(context, fmt::format("Module packaged in {}", file));
    return kDone;
}

}  // namespace kpm::cli
