#pragma once
// Methods that tell: the list of processes, the daemon's version, the balancer's figures.

#include "daemon/commands/command.h"

namespace kpm::core {

void ping(Supervisor& supervisor, const Json& args, Answer answer);
void get_version(Supervisor& supervisor, const Json& args, Answer answer);
void monitor_data(Supervisor& supervisor, const Json& args, TextAnswer answer);
void get_system_data(Supervisor& supervisor, const Json& args, Answer answer);
void get_report(Supervisor& supervisor, const Json& args, Answer answer);
void hello(Supervisor& supervisor, const Json& args, Answer answer);
void workers(Supervisor& supervisor, const Json& args, Answer answer);
void gpus(Supervisor& supervisor, const Json& args, Answer answer);
void exits(Supervisor& supervisor, const Json& args, Answer answer);

}  // namespace kpm::core
