#include "cli/module_conf.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "cli/user_file.h"
#include "ecosystem/resolve.h"
#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::size_t kMaxLevels = 16;

// Of the home itself, which belongs to its user whoever changes the settings. Without it where there is no
// home yet, and on file systems that have none.
UniqueFd lock_home(const ipc::Home& home) {
    UniqueFd folder(::open(home.root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (folder && ::flock(folder.get(), LOCK_EX) != 0 && errno == EINTR) continue;
    return folder;
}

}  // namespace

std::vector<std::string_view> key_parts(std::string_view key) {
    return split(key, key.find('.') != std::string_view::npos ? '.' : ':');
}

Result<ModuleConf> ModuleConf::read(const ipc::Home& home) {
    const std::string path = home.module_conf().string();
    const auto text = read_user_file(path);
    if (!text && text.error().code == ErrorCode::NotFound) return ModuleConf(Json::object());
    if (!text) return text.error();
    if (trim(*text).empty()) return ModuleConf(Json::object());
    Json root = parse_json(*text);
    if (!root.is_object())
        return Error{ErrorCode::Invalid, fmt::format("cannot read '{}': it is no object of JSON", path)};
    return ModuleConf(std::move(root));
}

Result<ModuleConf> ModuleConf::update(const ipc::Home& home,
                                      const std::function<Result<bool>(ModuleConf&)>& change) {
    const UniqueFd lock = lock_home(home);
    auto conf = read(home);
    if (!conf) return conf;
    const auto changed = change(*conf);
    if (!changed) return changed.error();
    if (!*changed) return conf;
    if (const auto written = conf->write(home); !written) return written.error();
    return conf;
}

Result<void> ModuleConf::write(const ipc::Home& home) const {
    return write_user_file(home.module_conf().string(),
                           root_.dump(4, ' ', false, Json::error_handler_t::replace), 0600);
}

Result<void> ModuleConf::set(std::string_view key, std::string_view value) {
    const auto parts = key_parts(key);
    const bool is_key = parts.size() <= kMaxLevels &&
                        std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
    if (!is_key)
        return Error{ErrorCode::Invalid,
                     fmt::format("cannot set '{}': not a key, those are module:key", key)};
    Json* place = &root_;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        Json& next = (*place)[std::string(parts[i])];
        if (next.is_null()) next = Json::object();
        if (!next.is_object())
            return Error{ErrorCode::Denied, fmt::format("cannot set '{}': '{}' is a value", key, parts[i])};
        place = &next;
    }
    Json& old = (*place)[std::string(parts.back())];
    if (old.is_object() && !old.empty())
        return Error{ErrorCode::Denied,
                     fmt::format("cannot set '{}': there are keys below it, unset it first", key)};
    old = std::string(value);
    return {};
}

bool ModuleConf::unset(std::string_view key) {
    if (key == kAll) {
        root_ = Json::object();
        return true;
    }
    Json* place = &root_;
    const auto parts = key_parts(key);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto next = place->find(std::string(parts[i]));
        if (next == place->end() || !next->is_object()) return false;
        place = &*next;
    }
    return place->erase(std::string(parts.back())) > 0;
}

const Json* ModuleConf::get(std::string_view key) const {
    const Json* place = &root_;
    for (const std::string_view part : key_parts(key)) {
        if (!place->is_object()) return nullptr;
        const auto next = place->find(std::string(part));
        if (next == place->end()) return nullptr;
        place = &*next;
    }
    return place;
}

Json module_variables(const ModuleConf& conf, const std::string& name) {
    Json variables = Json::object();
    const auto module = conf.root().find(name);
    if (module == conf.root().end() || !module->is_object()) return variables;
    for (const auto& [variable, value] : ecosystem::settings_variables(conf.root(), name))
        variables[variable] = value;
    return variables;
}

}  // namespace kpm::cli
