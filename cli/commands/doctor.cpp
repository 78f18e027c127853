// doctor: is all in order that kpm depends on?
#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/doctor/examine.h"

namespace kpm::cli {

int run_doctor(Context& context) {
    const auto checks = examine(context.home, ecosystem::environment_from(environ));
    if (context.line.has("json")) {
        if (const int printed = print_json(context, checks_facts(checks)); printed != kDone) return printed;
    } else {
        context.console.text(checks_text(checks, context.console.paint()));
    }
    return is_well(checks) ? kDone : kFailed;
}

}  // namespace kpm::cli
