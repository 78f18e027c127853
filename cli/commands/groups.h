#pragma once
// The commands' functions, one file of this folder per group; table.cpp gives them names. Each returns an
// exit code.

#include "cli/command.h"

namespace kpm::cli {

// start.cpp
int run_start(Context& context);

// serve.cpp
int run_serve(Context& context);

// lifecycle.cpp
int run_restart(Context& context);
int run_reload(Context& context);
int run_stop(Context& context);
int run_delete(Context& context);
int run_scale(Context& context);
int run_start_or_restart(Context& context);
int run_start_or_reload(Context& context);
int run_reset(Context& context);
int run_send_signal(Context& context);

// inspect.cpp
int run_list(Context& context);
int run_jlist(Context& context);
int run_prettylist(Context& context);
int run_describe(Context& context);
int run_env(Context& context);
int run_pid(Context& context);
int run_id(Context& context);

// gpu.cpp
int run_gpu(Context& context);

// healthcheck.cpp
int run_healthcheck(Context& context);

// messages.cpp
int run_send(Context& context);
int run_attach(Context& context);
int run_trigger(Context& context);

// why.cpp
int run_why(Context& context);

// logs.cpp
int run_logs(Context& context);
int run_flush(Context& context);
int run_reload_logs(Context& context);

// monit.cpp
int run_monit(Context& context);

// persist.cpp
int run_save(Context& context);
int run_resurrect(Context& context);
int run_cleardump(Context& context);

// daemon.cpp
int run_kill(Context& context);
int run_ping(Context& context);

// completion.cpp
int run_completion(Context& context);

// startup.cpp
int run_startup(Context& context);
int run_unstartup(Context& context);

// update.cpp
int run_update(Context& context);

// report.cpp
int run_report(Context& context);

// doctor.cpp
int run_doctor(Context& context);

// settings.cpp
int run_set(Context& context);
int run_multiset(Context& context);
int run_get(Context& context);
int run_conf(Context& context);
int run_unset(Context& context);

// deploy.cpp
int run_deploy(Context& context);
// Behind exec and run.
bool deploy_ends_line(std::span<const std::string> words);

// modules.cpp
int run_install(Context& context);
int run_uninstall(Context& context);
int run_package(Context& context);

// ecosystem.cpp
int run_ecosystem(Context& context);
int run_examples(Context& context);

}  // namespace kpm::cli
