// kpmd: the supervisor daemon. Started by kpm-keeper, never by hand: kpmd --home DIR, with KPM_KEEPER_FD set.

#include <fcntl.h>
#include <fmt/format.h>
#include <getopt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "daemon/daemon.h"
#include "daemon/io/daemon_log.h"
#include "daemon/io/descriptor_room.h"
#include "daemon/io/small_file.h"
#include "daemon/keeper/keeper_protocol.h"

namespace {

// Tells whoever waits for this daemon (the CLI) how its start went, once.
void report_start(const std::string& line) {
    const char* variable = std::getenv(kpm::keeper::kReadyFdVariable);
    if (!variable) return;
    const kpm::UniqueFd fd(std::atoi(variable));
    ::unsetenv(kpm::keeper::kReadyFdVariable);
    [[maybe_unused]] const ssize_t written = ::write(fd.get(), line.data(), line.size());
}

int fail(const kpm::Error& error) {
    kpm::io::write_daemon_log(error.message);
    report_start("error: " + error.message + "\n");
    return 1;
}

// Few options, for the keeper and who looks at it: CLI11 would bring streams and locales along, see
// small_file.h.
std::string home_of(int argc, char** argv) {
    constexpr const char* kUsage =
        "usage: kpmd --home DIR    the daemon of kpm; kpm-keeper starts it\n"
        "       kpmd --version\n";
    constexpr option kOptions[] = {{"home", required_argument, nullptr, 'd'},
                                   {"help", no_argument, nullptr, 'h'},
                                   {"version", no_argument, nullptr, 'v'},
                                   {}};
    std::string home;
    for (int found; (found = ::getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
        if (found == 'h' || found == 'v') {
            std::fputs(found == 'h' ? kUsage : KPM_VERSION "\n", stdout);
            std::exit(0);
        }
        if (found != 'd') std::exit(2);  // said by getopt_long()
        home = ::optarg;
    }
    if (!home.empty() && ::optind == argc) return home;
    std::fputs(kUsage, stderr);
    std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string directory = home_of(argc, argv);
    std::signal(SIGPIPE, SIG_IGN);
    kpm::io::make_descriptor_room();
    if (const char* format = std::getenv("PM2_LOG_DATE_FORMAT")) kpm::io::set_daemon_log_format(format);
    const kpm::ipc::Home home{directory};
    auto socket = kpm::io::take_keeper_socket();
    if (!socket) return fail(socket.error());
    if (const auto made = kpm::ipc::ensure_home(home); !made) return fail(made.error());
    auto daemon = kpm::Daemon::open(home, std::move(*socket));
    if (!daemon) return fail(daemon.error());

    if (const auto written = kpm::io::write_small_file(home.daemon_pid(), std::to_string(::getpid()));
        !written)
        kpm::io::write_daemon_log(written.error().message);
    kpm::io::write_daemon_log(fmt::format("kpmd {} ready, pid {}", KPM_VERSION, ::getpid()));
    report_start("ready\n");
    return (*daemon)->run();
}
