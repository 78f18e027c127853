#include "cli/runtime/direct_run.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "ecosystem/command_line.h"

namespace kpm::cli {
namespace {

constexpr int kNotFound = 127, kNotExecutable = 126;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

int become(const Context& context, const ecosystem::AppConfig& app) {
    if (!app.uid.empty() || !app.gid.empty()) {
        context.fail(
            fmt::format("cannot run '{}' as another user without a supervisor: give the container "
                        "that user",
                        app.name));
        return kNotExecutable;
    }
    if (chdir(app.cwd.c_str()) != 0) {
        context.fail(os_error("change to directory", app.cwd, errno));
        return kNotFound;
    }
    std::vector<std::string> words = ecosystem::command_line(app);
    std::vector<std::string> variables;
    for (const auto& [name, value] : app.env) variables.push_back(name + '=' + value);
    if (!app.gpu.empty()) variables.push_back("RW_GPU=" + app.gpu);
    auto arguments = pointers_to(words), environment = pointers_to(variables);
    std::signal(SIGPIPE, SIG_DFL);
    execvpe(arguments[0], arguments.data(), environment.data());
    const int reason = errno;
    context.fail(os_error("execute", words.front(), reason));
    return reason == ENOENT ? kNotFound : kNotExecutable;
}

}  // namespace kpm::cli
