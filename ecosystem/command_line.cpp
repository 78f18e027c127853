#include "ecosystem/command_line.h"

namespace kpm::ecosystem {

Runtime runtime_of(std::string_view interpreter) {
    const std::string_view name = interpreter.substr(interpreter.find_last_of('/') + 1);  // npos + 1 is 0
    if (name.ends_with("node") || name.starts_with("node@")) return Runtime::Node;
    if (name.ends_with("bun")) return Runtime::Bun;
    if (name.ends_with("deno")) return Runtime::Deno;
    return Runtime::Other;
}

std::vector<std::string> command_line(const AppConfig& config, std::span<const std::string> node_options) {
    std::vector<std::string> argv;
    if (config.interpreter != "none") {
        argv.push_back(config.interpreter);
        const Runtime runtime = runtime_of(config.interpreter);
        if (runtime == Runtime::Node) {
            if (config.source_map_support == true && !config.disable_source_map_support)
                argv.emplace_back("--enable-source-maps");
        }
        // Deno runs a script only by a sub-command.
        if (runtime == Runtime::Deno && config.interpreter_args.empty()) argv.emplace_back("run");
        argv.insert(argv.end(), config.interpreter_args.begin(), config.interpreter_args.end());
        if (runtime == Runtime::Node) argv.insert(argv.end(), node_options.begin(), node_options.end());
    }
    argv.push_back(config.script);
    argv.insert(argv.end(), config.args.begin(), config.args.end());
    return argv;
}

}  // namespace kpm::ecosystem
