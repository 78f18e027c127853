#pragma once
// Methods that start, stop and replace processes. PM2's answer when its own rules say so (an app that is not
// ready in time counts as started); kpm.start, kpm.restart and kpm.reload take the same arguments and answer
// with the outcome.

#include "daemon/commands/command.h"

namespace kpm::core {

void prepare(Supervisor& supervisor, const Json& args, Answer answer);
void start(Supervisor& supervisor, const Json& args, Answer answer);
void start_process(Supervisor& supervisor, const Json& args, Answer answer);
void stop_process(Supervisor& supervisor, const Json& args, Answer answer);
void restart_process(Supervisor& supervisor, const Json& args, Answer answer);
void restart(Supervisor& supervisor, const Json& args, Answer answer);
void reload_process(Supervisor& supervisor, const Json& args, Answer answer);
void soft_reload_process(Supervisor& supervisor, const Json& args, Answer answer);
void reload(Supervisor& supervisor, const Json& args, Answer answer);
void delete_process(Supervisor& supervisor, const Json& args, Answer answer);
void duplicate_process(Supervisor& supervisor, const Json& args, Answer answer);

}  // namespace kpm::core
