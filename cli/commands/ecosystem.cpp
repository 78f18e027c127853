// ecosystem (init): a configuration file to begin with.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "cli/commands/groups.h"
#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

constexpr const char* kFileName = "ecosystem.config.js";

constexpr std::string_view kSimple = R"(module.exports = {
  apps: [{
    name: 'app1',
    script: './app.js',
  }],
}
)";

constexpr std::string_view kFull = R"(module.exports = {
  apps: [{
    name: 'web',
    script: './app.js',
    instances: 'max',
    exec_mode: 'cluster',
    env_production: { NODE_ENV: 'production' },
  }, {
    name: 'worker',
    script: './worker.js',
    watch: ['./worker'],
    max_memory_restart: '300M',
  }],

  deploy: {
    production: {
      user: 'SSH_USER',
      host: 'SSH_HOST',
      ref: 'origin/main',
      repo: 'GIT_REPOSITORY',
      path: 'DESTINATION_PATH',
      'post-deploy': 'npm install && kpm reload ecosystem.config.js --env production',
    },
  },
}
)";

}  // namespace

int run_ecosystem(Context& context) {
    const std::string path = (std::filesystem::path(context.cwd) / kFileName).string();
    // PM2 overwrites what is there without a word; a file that somebody wrote deserves a question.
    const int exclusive = context.line.has("force") ? O_TRUNC : O_EXCL;
    const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | exclusive, 0644));
    if (!file && errno == EEXIST) {
        return context.fail(fmt::format("File {} exists already, use --force to overwrite it", path));
    }
    if (!file) return context.fail(os_error("write", path, errno));
    const std::string_view text = context.word() == "simple" ? kSimple : kFull;
    if (write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return context.fail(os_error("write", path, errno));
    }
    context.console.line(fmt::format("File {} generated", path));
    return kDone;
}

}  // namespace kpm::cli
