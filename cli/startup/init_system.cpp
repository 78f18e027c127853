#include "cli/startup/init_system.h"

#include <algorithm>

#include "ipc/base/text.h"

namespace kpm::cli {
namespace {

using Commands = std::vector<CommandWords>;

Commands nothing(const Service&) {
    return {};
}

constexpr InitSystem kSystems[] = {
    {.name = "systemd",
     .aliases = "ubuntu centos arch oracle debian",
     .tool = "systemctl",
     .mode = 0644,
     .text = systemd_unit,
     .file = [](const Service& s) { return "/etc/systemd/system/" + s.name + ".service"; },
     .enable = [](const Service& s) -> Commands {
         return {{"systemctl", "daemon-reload"}, {"systemctl", "enable", s.name}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"systemctl", "stop", s.name}, {"systemctl", "disable", s.name}};
     },
     .removed = [](const Service&) -> Commands {
         return {{"systemctl", "daemon-reload"}};
     }},
    {.name = "upstart",
     .aliases = "ubuntu14 ubuntu12",
     .tool = "update-rc.d",
     .mode = 0755,
     .text = sysv_script,
     .file = [](const Service& s) { return "/etc/init.d/" + s.name; },
     .enable = [](const Service& s) -> Commands {
         return {{"update-rc.d", s.name, "defaults"}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"update-rc.d", s.name, "disable"}};
     },
     .removed = [](const Service& s) -> Commands {
         return {{"update-rc.d", s.name, "remove"}};
     }},
    {.name = "systemv",
     .aliases = "amazon centos6",
     .tool = "chkconfig",
     .mode = 0755,
     .text = sysv_script,
     .file = [](const Service& s) { return "/etc/init.d/" + s.name; },
     .enable = [](const Service& s) -> Commands {
         return {{"chkconfig", "--add", s.name}, {"chkconfig", s.name, "on"}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"chkconfig", "--del", s.name}};
     },
     .removed = nothing},
    {.name = "openrc",
     .aliases = "alpine gentoo",
     .tool = "rc-update",
     .mode = 0755,
     .text = openrc_script,
     .file = [](const Service& s) { return "/etc/init.d/" + s.name; },
     .enable = [](const Service& s) -> Commands {
         return {{"rc-update", "add", s.name, "default"}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"rc-update", "delete", s.name, "default"}};
     },
     .removed = nothing},
    {.name = "launchd",
     .aliases = "macos darwin",
     .tool = "launchctl",
     .mode = 0644,
     .text = launchd_plist,
     .file = [](const Service& s) { return "/Library/LaunchDaemons/" + s.name + ".plist"; },
     .enable = [](const Service& s) -> Commands {
         return {{"launchctl", "load", "-w", "/Library/LaunchDaemons/" + s.name + ".plist"}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"launchctl", "unload", "-w", "/Library/LaunchDaemons/" + s.name + ".plist"}};
     },
     .removed = nothing},
    {.name = "rcd",
     .aliases = "freebsd",
     .tool = "sysrc",
     .mode = 0755,
     .text = freebsd_script,
     .file = [](const Service& s) { return "/usr/local/etc/rc.d/" + s.name; },
     .enable = [](const Service& s) -> Commands {
         return {{"sysrc", s.name + "_enable=YES"}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"sysrc", "-x", s.name + "_enable"}};
     },
     .removed = nothing},
    {.name = "rcd-openbsd",
     .aliases = "openbsd",
     .tool = "rcctl",
     .mode = 0755,
     .text = openbsd_script,
     .file = [](const Service& s) { return "/etc/rc.d/" + s.name; },
     .enable = [](const Service& s) -> Commands {
         return {{"rcctl", "enable", s.name}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"rcctl", "stop", s.name}, {"rcctl", "disable", s.name}};
     },
     .removed = nothing},
    {.name = "smf",
     .aliases = "sunos solaris",
     .tool = "svcadm",
     .mode = 0644,
     .text = smf_manifest,
     .file = [](const Service& s) { return "/var/svc/manifest/application/" + s.name + ".xml"; },
     .enable = [](const Service& s) -> Commands {
         return {{"svccfg", "import", "/var/svc/manifest/application/" + s.name + ".xml"},
                 {"svcadm", "enable", s.name}};
     },
     .disable = [](const Service& s) -> Commands {
         return {{"svcadm", "disable", s.name}, {"svccfg", "delete", s.name}};
     },
     .removed = nothing},
};

bool uses_underscores(const InitSystem& system) {
    return system.name.starts_with("rcd") || system.name == "smf";
}

}  // namespace

std::span<const InitSystem> init_systems() {
    return kSystems;
}

const InitSystem* find_init_system(std::string_view name) {
    for (const InitSystem& system : kSystems) {
        const auto aliases = split(system.aliases, ' ');
        if (system.name == name || std::ranges::find(aliases, name) != aliases.end()) return &system;
    }
    return nullptr;
}

const InitSystem* detect_init_system(const std::function<bool(std::string_view tool)>& is_in_path) {
    for (const InitSystem& system : kSystems) {
        if (is_in_path(system.tool)) return &system;
    }
    return nullptr;
}

std::string default_service_name(const InitSystem& system, std::string_view user) {
    return std::string(uses_underscores(system) ? "kpm_" : "kpm-").append(user);
}

bool is_service_name(std::string_view name) {
    constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (name.empty() || kFirst.find(name.front()) == std::string_view::npos) return false;
    return std::ranges::all_of(name, [&](char c) {
        return kFirst.find(c) != std::string_view::npos || c == '.' || c == '@' || c == '-';
    });
}

}  // namespace kpm::cli
