#pragma once
// What a deployment does on a host, as scripts for its shell (POSIX; PM2's need bash). Layout as PM2's:
// <path>/source is the clone, <path>/current a link to it, <path>/shared is kept, <path>/.deploys lists the
// commits. Pure.

#include <string>
#include <vector>

#include "cli/deploy/deployment.h"

namespace kpm::cli {

struct DeployStep {
    std::string title;    // "" = nothing is said
    std::string script;   // "" = only the title
    std::string failure;  // what is said when it fails
    bool is_local = false;
};

std::vector<DeployStep> setup_steps(const Deployment& deployment);
std::vector<DeployStep> update_steps(const Deployment& deployment, const std::string& ref);

std::string list_script(const Deployment& deployment);
std::string current_script(const Deployment& deployment);
// Prints the commit before the last `back` ones; fails when there are not so many.
std::string earlier_script(const Deployment& deployment, unsigned back);
std::string command_script(const Deployment& deployment, const std::string& command);

// What is done after an update where the section names nothing. `file` as typed in `folder`: where it lies
// below that, it lies below the deployed folder, too.
std::string default_post_deploy(const std::string& file, const std::string& folder,
                                const std::string& environment);

// Of the working directory: fails, with a reason on stdout, when something is not committed or not pushed.
std::string local_check_script();

// ssh and its options for a script, or sh for localhost.
std::vector<std::string> shell_words(const Deployment& deployment, const DeployHost& host,
                                     const std::string& script);

}  // namespace kpm::cli
