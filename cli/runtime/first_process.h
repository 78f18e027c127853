#pragma once
// The container's first process while its apps run: parent of the keeper, reaper of whatever else becomes its
// child, and the one who knows when and how the container ends. Does nothing itself that takes memory or
// time: what has to be read, resolved or asked for is done in children that end again.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/console.h"
#include "ipc/base/json.h"
#include "ipc/base/unique_fd.h"
#include "ipc/client.h"
#include "ipc/home.h"

namespace kpm::cli {

// The exit code that an answer of kpm.awaitEnd stands for: the app's own, 128 and the signal, 1 for an app
// that could not be started, 0 when there was none. Pure.
int container_exit_code(const Json& last_end);

class FirstProcess {
public:
    struct Plan {
        std::chrono::milliseconds delay{0};
        std::chrono::milliseconds grace{0};
        bool auto_exit = true;
        std::string console;  // KPM_CONSOLE of the daemon
        std::function<int()>
            start;  // asks the daemon for the apps; runs in a child, whose exit code it gives
    };

    // Signals wait from here on.
    FirstProcess(ipc::Home home, const Console& console, Plan plan);
    FirstProcess(const FirstProcess&) = delete;
    FirstProcess& operator=(const FirstProcess&) = delete;

    // Starts the daemon and the apps; the container's exit code.
    int run();

private:
    using Clock = std::chrono::steady_clock;

    bool launch();
    pid_t in_child(const std::function<int()>& work) const;  // -1: cannot fork, and that was said
    void wait();
    void take_signals();
    void on_signal(int signo);
    void forward(int signo);
    void reap();
    void started(int status);
    void ask_for_end();
    void read_answer();
    void end(int exit_code);
    int give_up();

    ipc::Home home_;
    const Console& console_;
    Plan plan_;
    bool has_terminal_;
    UniqueFd signals_;
    pid_t keeper_ = 0;
    pid_t starter_ = 0;
    std::optional<Clock::time_point> start_at_;  // the delay is not over
    bool is_asking_ = false;                     // the apps are there: their end is waited for
    std::optional<ipc::Client> client_;
    ipc::Client::Ticket ticket_ = 0;
    std::optional<Clock::time_point> deadline_;  // set: it is ending
    int exit_code_ = 0;
    bool is_told_ = false;  // the end was asked for from outside
};

}  // namespace kpm::cli
