#include "render-worker/cppn/needed_slots.h"

#include <algorithm>

namespace kpm::render {

std::vector<bool> needed_slots(const CppnProgram& program, std::span<const std::uint32_t> outputs) {
    std::vector<bool> needed(program.slot_count, false);
    for (std::uint32_t output : outputs) needed[program.output_slots[output]] = true;
    for (auto step = program.steps.rbegin(); step != program.steps.rend(); ++step) {
        if (!needed[step->slot]) continue;
        for (std::uint32_t k = 0; k < step->edge_count; ++k)
            needed[program.edges[step->first_edge + k].source] = true;
    }
    return needed;
}

std::size_t work_per_sample(const CppnProgram& program, std::span<const std::uint32_t> outputs) {
    std::vector<std::uint32_t> known(outputs.begin(), outputs.end());
    std::erase_if(known, [&](std::uint32_t output) { return output >= program.output_slots.size(); });
    const std::vector<bool> needed = needed_slots(program, known);
    std::size_t work = 0;
    for (const CppnProgram::Step& step : program.steps)
        if (needed[step.slot]) work += 1 + step.edge_count;
    return work;
}

}  // namespace kpm::render
