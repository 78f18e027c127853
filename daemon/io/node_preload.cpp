#include "daemon/io/node_preload.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "daemon/io/node_agent.h"
#include "daemon/io/node_count.h"
#include "daemon/io/node_drain.h"
#include "daemon/io/small_file.h"

namespace kpm::io {
namespace {

constexpr std::string_view kVariable = "NODE_OPTIONS=";

// What all begin with. The app's children inherit the environment, and are no processes of kpm's.
constexpr std::string_view kBeginning = R"js('use strict';
// Written by kpm, which has Node load it before an app; see pmx and drain_keep_alive in docs/config.md.
const own = '--require "' + __filename.replace(/["\\]/g, '\\$&') + '"';
const options = (process.env.NODE_OPTIONS || '').replace(own, '').trim();
if (options) process.env.NODE_OPTIONS = options;
else delete process.env.NODE_OPTIONS;
)js";

struct Source {
    std::string_view file_name, text;
};

Source source_of(NodeScript script) {
    if (script == NodeScript::Agent) return {"node-agent.cjs", node_agent_script()};
    if (script == NodeScript::Count) return {"node-count.cjs", node_count_script()};
    return {"node-drain.cjs", node_drain_script()};
}

std::string quoted(const std::string& path) {
    std::string text = "\"";
    for (const char letter : path) {
        if (letter == '"' || letter == '\\') text += '\\';
        text += letter;
    }
    return text + '"';
}

}  // namespace

Result<void> NodePreloads::add(std::vector<std::string>& env, NodeScript script) {
    std::string& path = paths_[static_cast<std::size_t>(script)];
    // Node does not start without it.
    if (path.empty() || ::access(path.c_str(), R_OK) != 0)
        if (auto written = write(script); !written) return written;
    add_require_option(env, path);
    return {};
}

Result<void> NodePreloads::write(NodeScript script) {
    const Source source = source_of(script);
    std::error_code failure;
    const auto folder = std::filesystem::canonical(home_.root(), failure);
    if (failure) return os_error("find", home_.root().string(), failure.value());
    const std::string path = folder / source.file_name, fresh = path + ".new";
    if (const auto written = write_small_file(fresh, std::string(kBeginning) + std::string(source.text));
        !written)
        return written.error();
    // Replaced as a whole: a process may be loading it.
    if (std::rename(fresh.c_str(), path.c_str()) != 0) return os_error("replace", path, errno);
    paths_[static_cast<std::size_t>(script)] = path;
    return {};
}

void add_require_option(std::vector<std::string>& env, const std::string& path) {
    std::string own = "--require " + quoted(path);
    for (std::string& line : env) {
        if (!line.starts_with(kVariable)) continue;
        line.insert(kVariable.size(), own + ' ');
        return;
    }
    env.push_back(std::string(kVariable) + own);
}

}  // namespace kpm::io
