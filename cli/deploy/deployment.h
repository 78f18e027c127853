#pragma once
// One environment of the `deploy` section of a configuration file: where to, what, and the commands around
// it. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "ecosystem/environment.h"
#include "ipc/base/json.h"
#include "ipc/base/result.h"

namespace kpm::cli {

struct DeployHost {
    std::string name;
    std::string user;
    std::string port;
    std::string key;  // file of a private key

    bool is_local() const { return name == "localhost"; }
    bool operator==(const DeployHost&) const = default;
};

struct Deployment {
    std::string environment;
    std::vector<DeployHost> hosts;
    std::string ref, repo, path;
    bool fetches_little = false;  // `fetch: "fast"`
    bool forwards_agent = false;
    bool needs_terminal = false;
    std::vector<std::string> ssh_options;
    std::string pre_setup, post_setup, pre_deploy_local, pre_deploy, post_deploy;
    ecosystem::Environment variables;  // of post_deploy, names in capitals as PM2 gives them
};

// Errors: "X environment is not defined in F file" (NotFound), "Missing required property: x" and wrong
// values (Invalid). What could be taken for an option of ssh or git is refused.
Result<Deployment> read_deployment(const Json& section, const std::string& environment,
                                   std::string_view file);

}  // namespace kpm::cli
