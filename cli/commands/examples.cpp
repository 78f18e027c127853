// examples: commands to begin with.
#include "cli/commands/groups.h"

namespace kpm::cli {
namespace {

constexpr std::string_view kExamples = R"(kpm usage examples:

- Start an app, and give it a name:

  $ kpm start app.js --name app

- Show all of them, and all about one:

  $ kpm list
  $ kpm describe app

- Stop it, start it again, restart it, forget it:

  $ kpm stop app
  $ kpm start app
  $ kpm restart app
  $ kpm delete app

- Run one instance on each processor, behind one port:

  $ kpm start app.js -i max

- Put new processes in the place of the old ones, without losing a request:

  $ kpm reload app

- Show what they print, and how they are:

  $ kpm logs app
  $ kpm monit

- Say why one has ended:

  $ kpm why app

- Start any program, or a line for the shell:

  $ kpm start server.py
  $ kpm start "npm run start" --name web

- Start what a file describes; write such a file:

  $ kpm start ecosystem.config.js
  $ kpm ecosystem

- Have all that runs now started after a boot of the machine:

  $ kpm startup
  $ kpm save

)";

}  // namespace

int run_examples(Context& context) {
    context.console.output(std::string(kExamples));
    return kDone;
}

}  // namespace kpm::cli
