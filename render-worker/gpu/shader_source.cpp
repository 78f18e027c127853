#include "render-worker/gpu/shader_source.h"

#include <fmt/format.h>

#include "render-worker/gpu/shader_text.h"

namespace kpm::render {

std::string interpreter_source(ShaderDialect dialect, std::uint32_t slots) {
    return fmt::format(
        "#version {} es\n"
        "precision highp float;\n"
        "precision highp int;\n"
        "#define PRECISE {}\n"
        "#define SLOTS {}\n"
        "float float_from_bits(int bits) {{ return intBitsToFloat(bits); }}\n"
        "{}{}{}",
        dialect.precise ? 320 : 310, dialect.precise ? "precise" : "", slots, shader_text::kCoefficients,
        shader_text::kActivations, shader_text::kInterpreter);
}

}  // namespace kpm::render
