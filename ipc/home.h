#pragma once
// The home directory: where it is and what lies in it. PM2's layout, so that PM2's tools find what they look
// for.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "ipc/base/result.h"

namespace kpm::ipc {

// A path and names; touches no disk.
class Home {
public:
    explicit Home(std::filesystem::path root) : root_(std::move(root)) {}

    const std::filesystem::path& root() const { return root_; }
    std::filesystem::path rpc_socket() const { return root_ / "rpc.sock"; }
    std::filesystem::path pub_socket() const { return root_ / "pub.sock"; }
    // No longer than the others: a home whose rpc.sock fits into an address takes this one, too.
    std::filesystem::path notify_socket() const { return root_ / "notify"; }
    std::filesystem::path daemon_log() const { return root_ / "pm2.log"; }
    std::filesystem::path daemon_pid() const { return root_ / "pm2.pid"; }
    std::filesystem::path dump() const { return root_ / "dump.pm2"; }
    std::filesystem::path dump_backup() const { return root_ / "dump.pm2.bak"; }
    std::filesystem::path module_conf() const { return root_ / "module_conf.json"; }
    std::filesystem::path lock() const { return root_ / "kpm.lock"; }  // flocked by the keeper
    std::filesystem::path logs() const { return root_ / "logs"; }
    std::filesystem::path pids() const { return root_ / "pids"; }
    std::filesystem::path modules() const { return root_ / "modules"; }

    bool operator==(const Home&) const = default;

private:
    std::filesystem::path root_;
};

// $KPM_HOME, else $PM2_HOME, else .kpm in $HOME, else in the user's directory by the password file; where
// there is none that can be written (containers) /tmp/.kpm-UID. Absolute. Invalid when the socket paths would
// be longer than the kernel allows, NotFound when there is no home at all.
Result<Home> find_home();

// The same with the environment and the password file's directory given; an empty variable counts as unset.
using Lookup = std::function<std::optional<std::string>(const char* name)>;
Result<Home> find_home(const Lookup& variable, const std::optional<std::string>& user_directory);

// Creates the home (mode 0700), logs/ and pids/ where they are missing.
Result<void> ensure_home(const Home& home);

}  // namespace kpm::ipc
