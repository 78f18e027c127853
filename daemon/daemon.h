#pragma once
// kpmd put together: loop, control server, host, supervisor; and the main loop that drives them. Made by
// main() once the keeper's inventory is there.

#include <sys/types.h>

#include <memory>
#include <optional>

#include "daemon/core/supervisor.h"
#include "daemon/io/control_server.h"
#include "daemon/io/loop.h"
#include "daemon/io/signals.h"
#include "daemon/io/timer.h"
#include "daemon/io/uv_host.h"

namespace kpm {

class Daemon {
public:
    // `socket`: to the keeper. Waits for its inventory, opens the control sockets, takes over what an earlier
    // daemon left. Errors are for the user: a daemon that already runs here, a home that cannot be written;
    // the latter is none where there are apps to be taken over.
    static Result<std::unique_ptr<Daemon>> open(const ipc::Home& home, UniqueFd socket);
    ~Daemon();

    // Until it was told to end; the exit status.
    int run();

private:
    Daemon(const ipc::Home& home, core::Settings settings);
    Result<void> start(UniqueFd socket);
    void on_request(const ipc::Request& request, const io::Responder& responder);
    void on_signal(int number);
    void shut_down(int client_pid);
    void listen_late();
    void end_turn();
    void note_activity();

    ipc::Home home_;
    io::Loop loop_;
    std::unique_ptr<io::ControlServer> server_;
    std::unique_ptr<io::UvHost> host_;
    std::optional<core::Supervisor> supervisor_;
    core::Settings settings_;
    std::optional<io::Signals> signals_;
    io::Timer trim_;
    io::Timer listen_again_;  // where it could not be done at the start
    std::optional<io::SocketOwner> socket_owner_;
    bool is_trimming_ = false;  // this turn of the loop was for the trim alone
    bool is_ending_ = false;
    int exit_status_ = 0;
    pid_t keeper_pid_ = 0;
};

}  // namespace kpm
