#include "render-worker/server/cheaper_evaluator.h"

#include "render-worker/server/metered_evaluator.h"

namespace kpm::render {

Result<std::vector<std::vector<float>>> CheaperEvaluator::evaluate(const CppnProgram& program,
                                                                   std::span<const std::uint32_t> outputs,
                                                                   const SignalSpec& spec,
                                                                   const CancelFlag& cancelled) {
    const bool has_choice = !program.recurrent && !spec.exact;
    const bool is_for_cpu = has_choice && costs_.choose(work_of(program, outputs, spec)) == Backend::Cpu;
    return (is_for_cpu ? cpu_ : gpu_first_).evaluate(program, outputs, spec, cancelled);
}

}  // namespace kpm::render
