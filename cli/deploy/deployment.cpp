#include "cli/deploy/deployment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/process_row.h"

namespace kpm::cli {
namespace {

Error wrong(const std::string& environment, std::string_view key, std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot deploy '{}': {}: {}", environment, key, reason)};
}

bool is_yes(const Json& section, std::string_view key) {
    const std::string value = text_of(section, key);
    return value == "true" || value == "yes" || value == "1";
}

std::vector<std::string> texts_of(const Json& section, const char* key) {
    const auto found = section.find(key);
    if (found == section.end()) return {};
    if (found->is_string()) return {found->get<std::string>()};
    std::vector<std::string> texts;
    if (!found->is_array()) return texts;
    for (const Json& element : *found) {
        if (element.is_string()) texts.push_back(element.get<std::string>());
    }
    return texts;
}

// "host", or {host, user, port, key} of which the section's own are the defaults.
DeployHost host_of(const Json& element, const Json& section) {
    const Json own = element.is_object() ? element : Json{{"host", element}};
    const auto value = [&](const char* key) {
        std::string text = text_of(own, key);
        return text.empty() ? text_of(section, key) : text;
    };
    return {text_of(own, "host"), value("user"), value("port"), value("key")};
}

Result<void> check(const Deployment& deployment) {
    const auto is_option = [](const std::string& text) { return text.starts_with('-'); };
    if (deployment.hosts.empty()) return wrong(deployment.environment, "host", "no host is named");
    for (const DeployHost& host : deployment.hosts) {
        if (host.name.empty() || is_option(host.name) || is_option(host.user) || is_option(host.port) ||
            host.name.find_first_of(" \t\n") != std::string::npos)
            return wrong(deployment.environment, "host", fmt::format("'{}' is not a host", host.name));
    }
    for (const auto& [key, value] :
         {std::pair("ref", &deployment.ref), std::pair("repo", &deployment.repo)}) {
        if (is_option(*value)) return wrong(deployment.environment, key, "begins with '-'");
    }
    return {};
}

}  // namespace

Result<Deployment> read_deployment(const Json& section, const std::string& environment,
                                   std::string_view file) {
    const auto found = section.find(environment);
    if (found == section.end() || !found->is_object())
        return Error{ErrorCode::NotFound,
                     fmt::format("{} environment is not defined in {} file", environment, file)};
    for (const char* key : {"host", "repo", "path", "ref"}) {
        if (!found->contains(key))
            return Error{ErrorCode::Invalid, fmt::format("Missing required property: {}", key)};
    }
    Deployment deployment;
    deployment.environment = environment;
    const Json& hosts = (*found)["host"];
    for (const Json& host : hosts.is_array() ? hosts : Json::array({hosts}))
        deployment.hosts.push_back(host_of(host, *found));
    deployment.ref = text_of(*found, "ref");
    deployment.repo = text_of(*found, "repo");
    deployment.path = text_of(*found, "path");
    while (deployment.path.size() > 1 && deployment.path.ends_with('/')) deployment.path.pop_back();
    deployment.fetches_little = text_of(*found, "fetch") == "fast";
    deployment.forwards_agent = is_yes(*found, "forward-agent");
    deployment.needs_terminal = is_yes(*found, "needs_tty");
    deployment.ssh_options = texts_of(*found, "ssh_options");
    deployment.pre_setup = text_of(*found, "pre-setup");
    deployment.post_setup = text_of(*found, "post-setup");
    deployment.pre_deploy_local = text_of(*found, "pre-deploy-local");
    deployment.pre_deploy = text_of(*found, "pre-deploy");
    deployment.post_deploy = text_of(*found, "post-deploy");
    if (const auto env = found->find("env"); env != found->end() && env->is_object()) {
        for (const auto& [name, value] : env->items()) {
            std::string capitals = name;
            std::ranges::transform(capitals, capitals.begin(),
                                   [](unsigned char c) { return std::toupper(c); });
            const bool is_name =
                !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0])) &&
                std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
            if (!is_name)
                return wrong(environment, "env", fmt::format("'{}' is not the name of a variable", name));
            set_variable(deployment.variables, capitals, text_of(*env, name));
        }
    }
    if (const auto good = check(deployment); !good) return good.error();
    return deployment;
}

}  // namespace kpm::cli
