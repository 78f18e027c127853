#pragma once
// `describe` of one instance as text. Pure.

#include <string>

#include "cli/last_exit.h"
#include "cli/process_row.h"
#include "cli/terminal.h"
#include "ecosystem/environment.h"

namespace kpm::cli {

// Values of an app's variables may be secrets. Hidden: those that differ from the shell's are named. Shown:
// all, with their values.
enum class Values { Hidden, Shown };

// `local` is the shell's environment. `workers` is kpm.workers'
// answer, or null: the balancer's counters are shown for an instance that has some. `last_exit` is shown when
// there is one.
std::string describe_text(const ProcessRow& row, const ecosystem::Environment& local, Values values,
                          const Json& workers, const LastExit& last_exit, std::int64_t now,
                          const Terminal& terminal);

}  // namespace kpm::cli
