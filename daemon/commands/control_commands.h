#pragma once
// The other methods: signals, messages, counters, logs, the dump, notices to the bus, the daemon's own end.

#include "daemon/commands/command.h"

namespace kpm::core {

void send_signal_to_id(Supervisor& supervisor, const Json& args, Answer answer);
void send_signal_to_name(Supervisor& supervisor, const Json& args, Answer answer);
void send_data(Supervisor& supervisor, const Json& args, Answer answer);
void send_line(Supervisor& supervisor, const Json& args, Answer answer);
void send_action(Supervisor& supervisor, const Json& args, Answer answer);
void reset_counters(Supervisor& supervisor, const Json& args, Answer answer);
void reload_logs(Supervisor& supervisor, const Json& args, Answer answer);
void notify(Supervisor& supervisor, const Json& args, Answer answer);
void stop_watch(Supervisor& supervisor, const Json& args, Answer answer);
void start_watch(Supervisor& supervisor, const Json& args, Answer answer);
void toggle_watch(Supervisor& supervisor, const Json& args, Answer answer);
void monitor(Supervisor& supervisor, const Json& args, Answer answer);
void unmonitor(Supervisor& supervisor, const Json& args, Answer answer);
void profile(Supervisor& supervisor, const Json& args, Answer answer);
void save(Supervisor& supervisor, const Json& args, Answer answer);
void await_end(Supervisor& supervisor, const Json& args, Answer answer);
void notify_kill(Supervisor& supervisor, const Json& args, Answer answer);
void kill_me(Supervisor& supervisor, const Json& args, Answer answer);

// The daemon's end when no client asks for it: the list is saved for `resurrect`, unless it is empty, all is
// stopped, the host shut down. Asked for again, or during an end that a client wants, it does nothing: what
// has been stopped by then would be saved as stopped.
void save_and_end(Supervisor& supervisor);

}  // namespace kpm::core
