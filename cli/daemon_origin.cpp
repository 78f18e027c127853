#include "cli/daemon_origin.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <sstream>
#include <string>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

std::string read_proc(pid_t pid, const char* name) {
    std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The second number behind the name, which stands in parentheses and may hold anything.
pid_t parent_of(pid_t pid) {
    const std::string status = read_proc(pid, "stat");
    const std::size_t end = status.rfind(')');
    if (end == std::string::npos) return 0;
    const auto fields = split(trim(std::string_view(status).substr(end + 1)), ' ');
    pid_t parent = 0;
    if (fields.size() > 1) std::from_chars(fields[1].data(), fields[1].data() + fields[1].size(), parent);
    return parent;
}

}  // namespace

std::optional<DaemonOrigin> origin_of(pid_t daemon) {
    const pid_t keeper = daemon > 0 ? parent_of(daemon) : 0;
    if (keeper <= 1) return std::nullopt;
    const std::string words = read_proc(keeper, "cmdline");
    const auto arguments = split(words, '\0');
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
        if (arguments[i] == "--daemon") return DaemonOrigin{keeper, arguments[i + 1]};
    }
    return std::nullopt;
}

}  // namespace kpm::cli
