#pragma once
// The ends of an instance's processes as the daemon tells them (kpm.exits), in words.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/json.h"

namespace kpm::cli {

struct PastExit {
    std::int64_t at = 0;              // ms since 1970
    std::int64_t uptime = 0;          // ms
    std::optional<std::int64_t> pid;  // nullopt: it was not started
    std::optional<std::int64_t> code, signal;
    std::string end;     // how: "exit code 3", "signal SIGKILL", a failed start's reason
    std::string reason;  // who or what, as kpm.exits names it: "restart", "watch", "exit"
    std::string detail;  // the file that has changed, and the like; "" = none
    std::optional<std::int64_t> client_pid, client_uid;
    std::string client_user;  // "" = none, or without a name
    bool is_killed = false;   // it had not ended in its kill_timeout
};

// Oldest first. `user_name` gives "" for a user without a name.
std::vector<PastExit> past_exits(const Json& answer,
                                 const std::function<std::string(std::int64_t)>& user_name);
// "exit code 0: restarted by root, pid 4242"
std::string exit_text(const PastExit& exit);
Json past_exit_facts(const PastExit& exit);

}  // namespace kpm::cli
