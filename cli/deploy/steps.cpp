#include "cli/deploy/steps.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/startup/quoting.h"

namespace kpm::cli {
namespace {

// "~/app" is of the user there, so it must not be quoted as a whole.
std::string remote_path(const Deployment& deployment, std::string_view below = "") {
    const std::string path = deployment.path + std::string(below);
    for (const std::string_view home : {"~/", "$HOME/"}) {
        if (path.starts_with(home)) return "\"$HOME\"/" + shell_word(path.substr(home.size()));
    }
    return shell_word(path);
}

std::string in_source(const Deployment& deployment, std::string_view command) {
    return fmt::format("cd {} && {}", remote_path(deployment, "/source"), command);
}

// A hook may be several lines and set what it likes, hence its own shell.
std::string hook_script(const Deployment& deployment, std::string_view folder, const std::string& hook) {
    std::string script = fmt::format("cd {} && export SHARED={}", remote_path(deployment, folder),
                                     remote_path(deployment, "/shared"));
    for (const auto& [name, value] : deployment.variables)
        script += fmt::format(" {}={}", name, shell_word(value));
    return fmt::format("{} && {{ {}\n}}", script, hook);
}

std::string link_script(const Deployment& deployment) {
    return fmt::format("ln -sfn {} {}", remote_path(deployment, "/source"),
                       remote_path(deployment, "/current"));
}

std::string branch_of(const std::string& ref) {
    constexpr std::string_view kOrigin = "origin/";
    return ref.starts_with(kOrigin) ? ref.substr(kOrigin.size()) : ref;
}

const char* fetch_title(const Deployment& deployment) {
    return deployment.fetches_little ? "fast fetch" : "full fetch";
}

}  // namespace

std::vector<DeployStep> setup_steps(const Deployment& deployment) {
    std::vector<DeployStep> steps;
    steps.push_back({"hook pre-setup", deployment.pre_setup, "pre-setup hook failed"});
    steps.push_back({"running setup",
                     fmt::format("mkdir -p {} {}", remote_path(deployment, "/shared/logs"),
                                 remote_path(deployment, "/shared/pids")),
                     "setup paths failed"});
    steps.push_back({"cloning " + deployment.repo, "", ""});
    steps.push_back(
        {fetch_title(deployment),
         fmt::format("git clone {}--branch {} -- {} {}", deployment.fetches_little ? "--depth=5 " : "",
                     shell_word(branch_of(deployment.ref)), shell_word(deployment.repo),
                     remote_path(deployment, "/source")),
         "failed to clone"});
    steps.push_back({"", link_script(deployment), "symlink failed"});
    steps.push_back(
        {"hook post-setup",
         deployment.post_setup.empty() ? "" : hook_script(deployment, "/source", deployment.post_setup),
         "post-setup hook failed"});
    steps.push_back({"setup complete", "", ""});
    return steps;
}

std::vector<DeployStep> update_steps(const Deployment& deployment, const std::string& ref) {
    std::vector<DeployStep> steps;
    steps.push_back({"deploying " + ref, "", ""});
    steps.push_back(
        {"executing pre-deploy-local", deployment.pre_deploy_local, "pre-deploy-local hook failed", true});
    steps.push_back(
        {"hook pre-deploy",
         deployment.pre_deploy.empty() ? "" : hook_script(deployment, "/source", deployment.pre_deploy),
         "pre-deploy hook failed"});
    steps.push_back({"fetching updates", "", ""});
    steps.push_back({fetch_title(deployment),
                     in_source(deployment, deployment.fetches_little ? "git fetch --depth=5 --all --tags"
                                                                     : "git fetch --all --tags"),
                     "fetch failed"});
    steps.push_back({"resetting HEAD to " + ref, in_source(deployment, "git reset --hard " + shell_word(ref)),
                     "git reset failed"});
    steps.push_back({"", link_script(deployment), "symlink failed"});
    steps.push_back({"",
                     in_source(deployment, "git rev-parse HEAD >> " + remote_path(deployment, "/.deploys")),
                     "deploy log append failed"});
    if (!deployment.post_deploy.empty()) {
        steps.push_back({fmt::format("executing post-deploy `{}`", deployment.post_deploy),
                         hook_script(deployment, "/current", deployment.post_deploy),
                         "post-deploy hook failed"});
    }
    steps.push_back({"successfully deployed " + ref, "", ""});
    return steps;
}

std::string list_script(const Deployment& deployment) {
    return fmt::format("tac {} | awk '{{ printf \"%d\\t%s\\n\", NR - 1, $0 }}'",
                       remote_path(deployment, "/.deploys"));
}

std::string current_script(const Deployment& deployment) {
    return in_source(deployment, "git rev-parse --short HEAD");
}

std::string earlier_script(const Deployment& deployment, unsigned back) {
    // sed prints nothing when the list is too short, grep then fails.
    return fmt::format("tac {} | sed -n {}p | grep .", remote_path(deployment, "/.deploys"), back + 1);
}

std::string command_script(const Deployment& deployment, const std::string& command) {
    return fmt::format("cd {} && {{ {}\n}}", remote_path(deployment, "/current"), command);
}

std::string default_post_deploy(const std::string& file, const std::string& folder,
                                const std::string& environment) {
    namespace fs = std::filesystem;
    const fs::path base = fs::path(folder).lexically_normal();
    fs::path path = (base / file).lexically_normal().lexically_relative(base);
    if (path.empty() || *path.begin() == "..") path = fs::path(file).filename();
    return fmt::format("kpm startOrRestart {} --env {}", shell_word(path.string()), shell_word(environment));
}

std::string local_check_script() {
    return "git rev-parse --is-inside-work-tree >/dev/null 2>&1 || exit 0\n"
           "git diff-index --quiet HEAD -- || { echo 'commit or stash your changes'; exit 1; }\n"
           "upstream=$(git rev-parse --verify --quiet '@{u}') || exit 0\n"
           "git merge-base --is-ancestor HEAD \"$upstream\" || { echo 'push your changes'; exit 1; }\n";
}

std::vector<std::string> shell_words(const Deployment& deployment, const DeployHost& host,
                                     const std::string& script) {
    if (host.is_local()) return {"sh", "-c", script};
    std::vector<std::string> words{"ssh"};
    for (const std::string& option : deployment.ssh_options) words.insert(words.end(), {"-o", option});
    if (!host.port.empty()) words.insert(words.end(), {"-p", host.port});
    if (!host.key.empty()) words.insert(words.end(), {"-i", host.key});
    if (deployment.forwards_agent) words.push_back("-A");
    if (deployment.needs_terminal) words.push_back("-t");
    words.push_back(host.user.empty() ? host.name : host.user + "@" + host.name);
    // The user's own shell may be any; the scripts are for sh.
    words.push_back("sh -c " + shell_word(script));
    return words;
}

}  // namespace kpm::cli
