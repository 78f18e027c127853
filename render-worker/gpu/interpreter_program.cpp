#include "render-worker/gpu/interpreter_program.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "render-worker/gpu/shader_source.h"

namespace kpm::render {
namespace {

GpuError compile_error(std::string_view stage, std::array<GLchar, 512>& log) {
    log.back() = '\0';
    std::string text = log.data();
    std::replace(text.begin(), text.end(), '\n', ' ');
    return {GpuErrc::Compile, fmt::format("{}: {}", stage, text)};
}

}  // namespace

GpuResult<std::unique_ptr<InterpreterProgram>> InterpreterProgram::build(const GpuContext& context,
                                                                         std::uint32_t slots) {
    const auto& gl = context.gl();
    const std::string source = interpreter_source({.precise = context.caps().precise}, slots);
    const GLchar* text = source.c_str();
    std::array<GLchar, 512> log{};
    GLint done = GL_FALSE;

    const GLuint shader = gl.CreateShader(GL_COMPUTE_SHADER);
    gl.ShaderSource(shader, 1, &text, nullptr);
    gl.CompileShader(shader);
    gl.GetShaderiv(shader, GL_COMPILE_STATUS, &done);
    if (!done) {
        gl.GetShaderInfoLog(shader, static_cast<GLsizei>(log.size()), nullptr, log.data());
        gl.DeleteShader(shader);
        return compile_error("compiling", log);
    }
    std::unique_ptr<InterpreterProgram> program;
    const GLuint id = gl.CreateProgram();
    gl.AttachShader(id, shader);
    gl.LinkProgram(id);
    gl.DeleteShader(shader);  // the program keeps it
    program.reset(new InterpreterProgram(context, id));
    gl.GetProgramiv(id, GL_LINK_STATUS, &done);
    if (!done) {
        gl.GetProgramInfoLog(id, static_cast<GLsizei>(log.size()), nullptr, log.data());
        return compile_error("linking", log);
    }
    program->counts_ = gl.GetUniformLocation(id, "counts");
    program->sample_count_ = gl.GetUniformLocation(id, "sample_count");
    if (auto status = context.check_errors("building the shader"); !status) return status.error();
    return program;
}

InterpreterProgram::InterpreterProgram(const GpuContext& context, GLuint program)
    : context_(context), program_(program), counts_(-1), sample_count_(-1) {}

InterpreterProgram::~InterpreterProgram() {
    if (context_.usable()) context_.gl().DeleteProgram(program_);
}

void InterpreterProgram::dispatch(const NetworkTable& table, std::uint32_t sample_count) const {
    const auto& gl = context_.gl();
    gl.UseProgram(program_);
    gl.Uniform4ui(counts_, table.bias_count, table.input_count, table.step_count, table.output_count);
    gl.Uniform1ui(sample_count_, sample_count);
    gl.DispatchCompute((sample_count + kGroupSize - 1) / kGroupSize, 1, 1);
}

}  // namespace kpm::render
