#include "ecosystem/static_site.h"

#include <string>
#include <utility>

namespace kpm::ecosystem {
namespace {

constexpr const char* kDefaultPort = "8080";

std::string text(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return "";
    return found->is_string() ? found->get<std::string>() : found->dump();
}

}  // namespace

Json static_site_app(const Json& site) {
    if (!site.is_object()) return site;
    const std::string port = text(site, "port"), name = text(site, "name");
    const std::string path = text(site, "path").empty() ? text(site, "directory") : text(site, "path");
    Json env = Json::object();
    env["PM2_SERVE_PORT"] = port.empty() ? kDefaultPort : port;
    env["PM2_SERVE_PATH"] = path.empty() ? "." : path;
    for (const auto& [key, variable] :
         {std::pair("host", "PM2_SERVE_HOST"), std::pair("spa", "PM2_SERVE_SPA"),
          std::pair("ftp", "PM2_SERVE_FTP"), std::pair("homepage", "PM2_SERVE_HOMEPAGE")}) {
        if (const std::string value = text(site, key); !value.empty()) env[variable] = value;
    }
    if (const auto auth = site.find("basic_auth"); auth != site.end() && auth->is_object()) {
        env["PM2_SERVE_BASIC_AUTH"] = "true";
        env["PM2_SERVE_BASIC_AUTH_USERNAME"] = text(*auth, "username");
        env["PM2_SERVE_BASIC_AUTH_PASSWORD"] = text(*auth, "password");
    }
    return {{"name", name.empty() ? "static-page-server-" + env["PM2_SERVE_PORT"].get<std::string>() : name},
            {"script", "serve"},
            {"env", std::move(env)}};
}

}  // namespace kpm::ecosystem
