#include "cli/notes.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>
#include <string>

#include "cli/process_row.h"
#include "ecosystem/log_paths.h"
#include "ipc/answer_keys.h"

namespace kpm::cli {

void make_folders(const Context& context, const ecosystem::AppConfig& config) {
    const auto* combined = std::get_if<std::string>(&config.log_file);
    for (const std::string& path :
         {combined ? *combined : std::string(), config.out_file, config.error_file, config.pid_file}) {
        const auto folder = std::filesystem::path(path).parent_path();
        std::error_code failure;
        if (!path.starts_with('/') || ecosystem::is_no_log(path) || std::filesystem::exists(folder, failure))
            continue;
        context.console.warn_on_stderr(fmt::format("Folder does not exist: {}", printable(folder.string())));
        context.console.info(fmt::format("Creating folder: {}", printable(folder.string())));
        std::filesystem::create_directories(folder, failure);  // if not, the start will say why
    }
}

void say_warnings(const Context& context, const Json& answer) {
    std::set<std::string> said;
    for (const Json& process : answer.is_array() ? answer : Json::array({answer})) {
        const auto warnings = process.is_object() ? process.find(ipc::kWarnings) : process.end();
        if (!process.is_object() || warnings == process.end() || !warnings->is_array()) continue;
        for (const Json& warning : *warnings)
            if (warning.is_string() && said.insert(warning.get<std::string>()).second)
                context.console.warn(printable(warning.get_ref<const std::string&>()));
    }
}

}  // namespace kpm::cli
