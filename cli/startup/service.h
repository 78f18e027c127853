#pragma once
// A service that starts kpm's daemon and the saved apps of one user when the machine starts, in the words of
// each init system. Pure.

#include <string>
#include <string_view>

namespace kpm::cli {

struct Service {
    std::string name;  // kpm-ann
    std::string user;
    std::string user_directory;
    std::string home;  // KPM_HOME
    std::string kpm;   // the programs, absolute
    std::string keeper;
    std::string daemon;
    std::string path;  // PATH of the apps
    bool wait_for_network = false;
};

// systemd has a program of its own to watch: the keeper, in the foreground. What replaces the daemon (a
// crash, `kpm update`) is the keeper's business and no reason to end the service. The keeper says on
// NOTIFY_SOCKET that the daemon answers; started counts when the saved apps are up, too (ExecStartPost).
std::string systemd_unit(const Service& service);
// kpm@.service: the same for the user that the instance is named after (kpm@ann.service), as a package
// installs it once for all. A unit cannot name that user's home directory, but it is $HOME in what the unit
// runs. Of `service` only the programs and the path count; KPM_HOME may be set in a drop-in.
std::string systemd_template(const Service& service);
std::string openrc_script(const Service& service);
std::string launchd_plist(const Service& service);
std::string sysv_script(const Service& service);  // also for upstart's machines
std::string freebsd_script(const Service& service);
std::string openbsd_script(const Service& service);
std::string smf_manifest(const Service& service);

}  // namespace kpm::cli
