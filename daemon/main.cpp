// kpmd: the supervisor daemon. Started by kpm-keeper, never by hand: kpmd --home DIR, with KPM_KEEPER_FD set.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "daemon/daemon.h"
#include "daemon/io/daemon_log.h"
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

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"kpmd, the daemon of kpm; kpm-keeper starts it"};
    std::string directory;
    app.add_option("--home", directory, "the home directory")->required();
    app.set_version_flag("--version", KPM_VERSION);
    CLI11_PARSE(app, argc, argv);

    std::signal(SIGPIPE, SIG_IGN);
    if (const char* format = std::getenv("PM2_LOG_DATE_FORMAT")) kpm::io::set_daemon_log_format(format);
    const kpm::ipc::Home home{directory};
    auto socket = kpm::io::take_keeper_socket();
    if (!socket) return fail(socket.error());
    if (const auto made = kpm::ipc::ensure_home(home); !made) return fail(made.error());
    auto daemon = kpm::Daemon::open(home, std::move(*socket));
    if (!daemon) return fail(daemon.error());

    std::ofstream(home.daemon_pid(), std::ios::trunc) << ::getpid();
    kpm::io::write_daemon_log(fmt::format("kpmd {} ready, pid {}", KPM_VERSION, ::getpid()));
    report_start("ready\n");
    return (*daemon)->run();
}
