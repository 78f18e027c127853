#pragma once
// Which part of a program the asked outputs need. Pure; used by what runs a program, and by what estimates
// how long that takes.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

// Per slot, whether one of `outputs` depends on it. REQUIRES: every output is one of the program's.
std::vector<bool> needed_slots(const CppnProgram& program, std::span<const std::uint32_t> outputs);

// Steps and edges that are run for one sample. Outputs that the program lacks need none.
std::size_t work_per_sample(const CppnProgram& program, std::span<const std::uint32_t> outputs);

}  // namespace kpm::render
