#pragma once
// `describe` of one instance as text. Pure.

#include <string>

#include "cli/last_exit.h"
#include "cli/process_row.h"
#include "cli/terminal.h"
#include "ecosystem/environment.h"

namespace kpm::cli {

// Values of an app's variables may be secrets.
enum class Values { Hidden, Shown };

// `local` is the shell's environment: what differs from it in the app's is named. `workers` is kpm.workers'
// answer, or null: the balancer's counters are shown for an instance that has some. `last_exit` is shown when
// there is one.
std::string describe_text(const ProcessRow& row, const ecosystem::Environment& local, Values values,
                          const Json& workers, const LastExit& last_exit, std::int64_t now,
                          const Paint& paint);

}  // namespace kpm::cli
