#pragma once
// Puts the text of the interpreter shader together. Pure: needs no context.

#include <cstdint>
#include <string>

namespace kpm::render {

struct ShaderDialect {
    // GLSL ES 3.20 with `precise`, or 3.10 without it.
    bool precise = false;
};

// `slots` is the size of the array that holds the values of one sample.
std::string interpreter_source(ShaderDialect dialect, std::uint32_t slots);

}  // namespace kpm::render
