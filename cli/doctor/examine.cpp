#include "cli/doctor/examine.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/own_programs.h"
#include "cli/process_row.h"
#include "cli/startup/init_system.h"
#include "cli/user_file.h"
#include "ecosystem/resolve.h"
#include "ipc/base/user.h"
#include "ipc/client.h"
#include "ipc/dump_store.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

constexpr rlim_t kFewDescriptors = 4096;  // a daemon needs about five an app
constexpr std::uint64_t kLittleSpace = 100u << 20;
constexpr std::uint64_t kLargeLogs = std::uint64_t{1} << 30;

std::string mebibytes(std::uint64_t bytes) {
    return fmt::format("{} MiB", bytes >> 20);
}

Check check_home(const ipc::Home& home) {
    const std::string path = home.root().string();
    struct stat info {};
    if (stat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) return {"home", Health::Ok, path + " is made at the first start", ""};
        return {"home", Health::Fail, os_error("look at", path, errno).message, "choose another by KPM_HOME"};
    }
    if (!S_ISDIR(info.st_mode))
        return {"home", Health::Fail, path + " is not a folder", "choose another by KPM_HOME"};
    if (access(path.c_str(), W_OK | X_OK) != 0) {
        return {"home", Health::Fail, fmt::format("cannot write '{}': {}", path, std::strerror(errno)),
                fmt::format("it belongs to uid {}, you are {}: chown it, or choose another by KPM_HOME",
                            info.st_uid, geteuid())};
    }
    if ((info.st_mode & 022) != 0)
        return {"home", Health::Warn, path + " can be written by other users",
                fmt::format("chmod go-w {}", path)};
    return {"home", Health::Ok, path + " can be written", ""};
}

Check check_space(const ipc::Home& home) {
    struct statvfs disk {};
    fs::path place = home.root();
    while (statvfs(place.c_str(), &disk) != 0 && place.has_relative_path()) place = place.parent_path();
    const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    const std::string finding = mebibytes(free) + " free for the home";
    if (free == 0) return {"disk", Health::Fail, finding, "logs and saves are lost until there is room"};
    if (free < kLittleSpace) return {"disk", Health::Warn, finding, "logs fill it: kpm flush empties them"};
    return {"disk", Health::Ok, finding, ""};
}

Check check_programs() {
    std::string missing, advice;
    for (const char* name : {"kpmd", "kpm-gpu-monitor", "kpm-keeper", "kpm-serve"}) {
        const auto program = find_own_program(name);
        if (program) continue;
        missing = program.error().message;
        advice = "install kpm again, all of its programs";
    }
    if (missing.empty()) return {"programs", Health::Ok, "all of kpm's programs are there", ""};
    return {"programs", Health::Fail, missing, advice};
}

Check check_daemon(const ipc::Home& home, const ipc::DaemonIdentity& daemon) {
    const std::string place = home.rpc_socket().string();
    switch (daemon.kind) {
        case ipc::DaemonKind::None:
            return {"daemon", Health::Ok, "none runs, the next command starts one", ""};
        case ipc::DaemonKind::Stale:
            return {"daemon", Health::Warn, "none runs, its socket was left", "the next command starts one"};
        case ipc::DaemonKind::Denied:
            return {"daemon", Health::Fail, place + " is not yours to use",
                    "choose another home by KPM_HOME"};
        case ipc::DaemonKind::Silent:
            return {"daemon", Health::Fail, place + " takes connections and does not answer",
                    "look at the end of " + home.daemon_log().string()};
        case ipc::DaemonKind::Pm2:
            return {"daemon", Health::Fail, fmt::format("PM2's ({}) has this home", daemon.version),
                    "pm2 save && pm2 kill, then kpm resurrect; or another home by KPM_HOME"};
        case ipc::DaemonKind::Kpm:
            break;
    }
    if (daemon.version != KPM_VERSION)
        return {"daemon", Health::Warn,
                fmt::format("kpmd {} runs, this is kpm {}", daemon.version, KPM_VERSION), "kpm update"};
    return {"daemon", Health::Ok, fmt::format("kpmd {} answers", daemon.version), ""};
}

Check check_losses(const std::vector<ProcessRow>& rows) {
    std::string lost, failures;
    for (const ProcessRow& row : rows) {
        const auto state = row.env().find("log_state");
        if (state == row.env().end()) continue;
        const auto bytes = integer_of(*state, "dropped_bytes").value_or(0);
        if (bytes > 0)
            lost += fmt::format("{}{} bytes of {}", lost.empty() ? "" : ", ", bytes, printable(row.name));
        if (const std::string failure = text_of(*state, "failure"); !failure.empty())
            failures.append(failures.empty() ? "" : ", ").append(printable(failure));
    }
    if (!failures.empty())
        return {"output", Health::Fail, failures, "lines are lost until the files can be written"};
    if (!lost.empty())
        return {"output", Health::Warn, "lost for want of a log file: " + lost,
                "the files can be written again"};
    return {"output", Health::Ok, "no line of an app was lost", ""};
}

// What the daemon knows of its apps.
std::vector<Check> check_apps(const ipc::Home& home) {
    auto client = ipc::Client::connect(home);
    const auto data = client ? client->call(ipc::method::kGetMonitorData, Json::array({Json::object()}),
                                            ipc::kConnectTimeout)
                             : Result<Json>(client.error());
    if (!data) return {{"apps", Health::Fail, data.error().message, "kpm update replaces the daemon"}};
    std::string errored, watched_in_part;
    const auto rows = read_rows(*data);
    const auto add = [](std::string& names, const ProcessRow& row) {
        names.append(names.empty() ? "" : ", ").append(printable(row.name));
    };
    for (const ProcessRow& row : rows) {
        if (row.status == "errored") add(errored, row);
        if (!text_of(row.env(), "watch_trouble").empty()) add(watched_in_part, row);
    }
    std::vector<Check> checks;
    if (!errored.empty())
        checks.push_back({"apps", Health::Warn, "given up after too many failures: " + errored,
                          "kpm describe <name> says why"});
    if (!watched_in_part.empty())
        checks.push_back({"apps", Health::Warn, "not all of their files are watched: " + watched_in_part,
                          "kpm describe <name> says why"});
    if (checks.empty())
        checks.push_back({"apps", Health::Ok, fmt::format("{} in the list, none given up", rows.size()), ""});
    checks.push_back(check_losses(rows));
    return checks;
}

Check check_other_pm2(const ipc::Home& home, const ecosystem::Environment& env) {
    const std::string* directory = find_variable(env, "HOME");
    const ipc::Home other(fs::path(directory ? *directory : "/") / ".pm2");
    std::error_code ignored;
    const bool is_same = other == home || fs::equivalent(other.root(), home.root(), ignored);
    if (is_same || ipc::identify_daemon(other).kind != ipc::DaemonKind::Pm2)
        return {"pm2", Health::Ok, "no daemon of PM2 beside kpm's", ""};
    return {"pm2", Health::Warn,
            fmt::format("a PM2 daemon runs in {}, with apps of its own", other.root().string()),
            "to move them: pm2 save && pm2 kill, then PM2_HOME=~/.pm2 kpm resurrect"};
}

Check check_descriptors() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max == RLIM_INFINITY) return {"descriptors", Health::Ok, "no limit", ""};
    const std::string finding = fmt::format("at most {} a process", limit.rlim_max);
    if (limit.rlim_max < kFewDescriptors)
        return {"descriptors", Health::Warn, finding,
                "raise the hard limit of open files (ulimit -Hn, limits.conf)"};
    return {"descriptors", Health::Ok, finding, ""};
}

Check check_inotify() {
    const auto value = [](const char* name) {
        std::ifstream file(fmt::format("/proc/sys/fs/inotify/{}", name));
        std::uint64_t number = 0;
        file >> number;
        return number;
    };
    const auto watches = value("max_user_watches"), instances = value("max_user_instances");
    const std::string finding = fmt::format("{} watches, {} instances", watches, instances);
    if (watches < 8192 || instances < 64)
        return {"inotify", Health::Warn, finding,
                "watch needs one a folder: sysctl fs.inotify.max_user_watches=524288 "
                "fs.inotify.max_user_instances=512"};
    return {"inotify", Health::Ok, finding, ""};
}

Check check_node(const ecosystem::Environment& env) {
    if (const auto node = ecosystem::find_in_path("node", env)) return {"node", Health::Ok, *node, ""};
    return {"node", Health::Warn, "not in PATH", "scripts that end in .js need it, and .config.js files"};
}

Check check_dump(const ipc::Home& home) {
    const std::string path = home.dump().string();
    const auto text = read_user_file(path);
    if (!text && text.error().code == ErrorCode::NotFound)
        return {"dump", Health::Warn, "nothing is saved", "kpm save keeps the list for the next start"};
    if (!text) return {"dump", Health::Fail, text.error().message, "kpm resurrect and kpm save need it"};
    const Json apps = parse_json(*text);
    if (const std::string fault = ipc::fault_of_dump(apps); !fault.empty())
        return {"dump", Health::Fail, fmt::format("{} cannot be restored: {}", path, fault),
                "kpm resurrect takes the newest good one of .bak, .bak.2, .bak.3"};
    return {"dump", Health::Ok, fmt::format("{} processes are saved", apps.size()), ""};
}

Check check_logs(const ipc::Home& home) {
    std::uint64_t total = 0;
    std::error_code problem;
    for (fs::directory_iterator item(home.logs(), problem), end; !problem && item != end;
         item.increment(problem)) {
        std::error_code ignored;
        const auto size = item->file_size(ignored);
        if (!ignored) total += size;
    }
    const std::string finding = mebibytes(total) + " in " + home.logs().string();
    if (total > kLargeLogs)
        return {"logs", Health::Warn, finding, "kpm flush empties them, logrotate keeps them small"};
    return {"logs", Health::Ok, finding, ""};
}

Check check_startup(const ecosystem::Environment& env) {
    const InitSystem* system = detect_init_system(
        [&](std::string_view tool) { return ecosystem::find_in_path(tool, env).has_value(); });
    if (system == nullptr)
        return {"startup", Health::Ok, "no init system here (a container?), nothing to set up", ""};
    const auto user = find_user(geteuid());
    Service service;
    service.name = default_service_name(*system, user ? user->name : "");
    const std::string file = system->file(service);
    if (access(file.c_str(), F_OK) == 0) return {"startup", Health::Ok, file, ""};
    return {"startup", Health::Warn,
            fmt::format("{} is not there: apps do not come back with the machine", file), "kpm startup"};
}

}  // namespace

std::vector<Check> examine(const ipc::Home& home, const ecosystem::Environment& env) {
    const auto daemon = ipc::identify_daemon(home);
    std::vector<Check> checks{check_home(home), check_space(home), check_programs(),
                              check_daemon(home, daemon)};
    if (daemon.kind == ipc::DaemonKind::Kpm)
        for (Check& check : check_apps(home)) checks.push_back(std::move(check));
    for (Check& check :
         std::vector<Check>{check_other_pm2(home, env), check_descriptors(), check_inotify(), check_node(env),
                            check_dump(home), check_logs(home), check_startup(env)})
        checks.push_back(std::move(check));
    return checks;
}

}  // namespace kpm::cli
