#include "ecosystem/log_paths.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipc/base/text.h"

namespace kpm::ecosystem {
namespace {

// "x-3.log" -> "x", "x.log" -> "x"; the path itself when it does not end so.
std::string_view without_instance(std::string_view path, std::string_view suffix) {
    std::string_view stem = path.substr(0, path.size() - suffix.size());
    const auto dash = stem.rfind('-');
    if (dash != std::string_view::npos && is_number(stem.substr(dash + 1))) stem = stem.substr(0, dash);
    return stem;
}

std::string numbered(std::string_view path, std::string_view suffix, unsigned pm_id) {
    if (!path.ends_with(suffix)) return std::string(path);
    return fmt::format("{}-{}{}", without_instance(path, suffix), pm_id, suffix);
}

}  // namespace

std::string file_name_of(std::string_view app_name) {
    std::string result(app_name);
    std::ranges::replace_if(
        result,
        [](char c) {
            const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            const bool digit = c >= '0' && c <= '9';
            return !(letter || digit || c == '.' || c == '-' || c == '\\');
        },
        '-');
    return result;
}

std::string instance_log_path(std::string_view path, unsigned pm_id) {
    return numbered(path, ".log", pm_id);
}

std::string instance_pid_path(std::string_view path, unsigned pm_id) {
    return numbered(path, ".pid", pm_id);
}

bool is_no_log(std::string_view path) {
    return path == "/dev/null" || path == "NULL";
}

void set_instance_paths(AppConfig& config, unsigned pm_id) {
    config.pid_file = instance_pid_path(config.pid_file, pm_id);
    if (config.merge_logs == true) return;
    config.out_file = instance_log_path(config.out_file, pm_id);
    config.error_file = instance_log_path(config.error_file, pm_id);
    if (auto* path = std::get_if<std::string>(&config.log_file)) *path = instance_log_path(*path, pm_id);
}

}  // namespace kpm::ecosystem
