// gpu: the machine's GPUs and who is placed on them.
#include "cli/actions.h"
#include "cli/commands/groups.h"
#include "cli/gpu_view.h"
#include "ipc/protocol.h"

namespace kpm::cli {

int run_gpu(Context& context) {
    if (!context.session->is_kpm()) return context.fail("cannot list 'GPUs': the daemon is not kpm's");
    const auto gpus = context.session->call(ipc::method::kGpus);
    if (!gpus) return context.fail(gpus.error());
    if (context.line.has("json")) return print_json(context, *gpus);
    context.console.text(gpus_text(*gpus, context.console.paint()));
    return kDone;
}

}  // namespace kpm::cli
