#include <atomic>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/integration/render_gpu/gpu_fixture.h"
#include "tests/integration/render_gpu/random_network.h"

using namespace kpm;
using namespace kpm::render;
using namespace std::chrono_literals;

namespace {

const CancelFlag kNotCancelled{false};

GLenum g_reset_status = GL_NO_ERROR;
GLenum g_gl_error = GL_NO_ERROR;
CancelFlag* g_cancel = nullptr;

GLenum GL_APIENTRY fake_reset_status() {
    return g_reset_status;
}
GLenum GL_APIENTRY fake_gl_error() {
    return g_gl_error;
}
GLenum GL_APIENTRY fake_wait_that_times_out(GLsync, GLbitfield, GLuint64) {
    return GL_TIMEOUT_EXPIRED;
}

PFNGLDISPATCHCOMPUTEPROC g_dispatch = nullptr;
int g_dispatches = 0;
void GL_APIENTRY dispatch_that_cancels(GLuint x, GLuint y, GLuint z) {
    ++g_dispatches;
    g_cancel->store(true);
    g_dispatch(x, y, z);
}

// Two evaluations: the first meets the fault, the second must be refused for the same reason.
GpuError fail_twice(GlesCppn& gpu) {
    const CppnProgram program = random_network(1, 10, kSmooth);
    const std::vector<std::uint32_t> outputs = {0};
    auto first = gpu.evaluate(program, outputs, signal(100), kNotCancelled);
    REQUIRE_FALSE(first);
    CHECK(first.error().code == ErrorCode::Unavailable);
    auto second = gpu.evaluate(program, outputs, signal(100), kNotCancelled);
    REQUIRE_FALSE(second);
    CHECK(second.error() == first.error());
    REQUIRE(gpu.failure());
    return *gpu.failure();
}

}  // namespace

TEST_CASE("gpu: a reset of the context is reported with its kind and ends the evaluator",
          "[integration][render_gpu]") {
    const std::pair<GLenum, ResetKind> kinds[] = {{GL_GUILTY_CONTEXT_RESET, ResetKind::Guilty},
                                                  {GL_INNOCENT_CONTEXT_RESET, ResetKind::Innocent},
                                                  {GL_UNKNOWN_CONTEXT_RESET, ResetKind::Unknown}};
    GlApi api = system_api();
    api.gl.GetGraphicsResetStatus = fake_reset_status;
    for (const auto& [status, kind] : kinds) {
        g_reset_status = GL_NO_ERROR;
        auto gpu = software_gpu(api);
        g_reset_status = status;
        const GpuError failure = fail_twice(*gpu);
        CHECK(failure.code == GpuErrc::ContextLost);
        CHECK(failure.reset == kind);
        CHECK(exit_code(failure.code) == 75);
    }
}

TEST_CASE("gpu: a chunk that does not end in time ends the evaluator", "[integration][render_gpu]") {
    GlApi api = system_api();
    api.gl.ClientWaitSync = fake_wait_that_times_out;
    auto gpu = software_gpu(api, {.deadline = 10ms});
    CHECK(fail_twice(*gpu).code == GpuErrc::Timeout);
}

TEST_CASE("gpu: want of GPU memory ends the evaluator", "[integration][render_gpu]") {
    GlApi api = system_api();
    api.gl.GetError = fake_gl_error;
    g_gl_error = GL_NO_ERROR;
    auto gpu = software_gpu(api);
    g_gl_error = GL_OUT_OF_MEMORY;
    CHECK(fail_twice(*gpu).code == GpuErrc::OutOfMemory);
    g_gl_error = GL_NO_ERROR;
}

TEST_CASE("gpu: NaN and infinity are refused, the evaluator lives on", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    CppnProgram program;
    program.bias_count = 1;
    program.slot_count = 3;
    program.edges = {{0, 3e38}, {1, 3e38}};
    program.steps = {{Activation::Linear, 1, 0, 1}, {Activation::Linear, 2, 1, 1}};
    program.output_slots = {2, 1};
    auto infinite = gpu->evaluate(program, std::vector<std::uint32_t>{0}, signal(100), kNotCancelled);
    REQUIRE_FALSE(infinite);
    CHECK(infinite.error().code == ErrorCode::Invalid);
    CHECK_FALSE(gpu->failure());
    CHECK(gpu->evaluate(program, std::vector<std::uint32_t>{1}, signal(100), kNotCancelled));
}

TEST_CASE("gpu: networks and signals it cannot run are Invalid", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    const std::vector<std::uint32_t> first = {0};
    const auto refusal = [&](const CppnProgram& program, const SignalSpec& spec) {
        auto channels = gpu->evaluate(program, first, spec, kNotCancelled);
        REQUIRE_FALSE(channels);
        return channels.error().code;
    };
    CppnProgram recurrent = random_network(1, 10, kSmooth);
    recurrent.recurrent = true;
    CHECK(refusal(recurrent, signal(100)) == ErrorCode::Invalid);
    SignalSpec endless = signal(100);
    endless.frequency = std::numeric_limits<double>::infinity();
    CHECK(refusal(random_network(1, 10, kSmooth), endless) == ErrorCode::Invalid);
    SignalSpec no_rate = signal(100, 0);
    CHECK(refusal(random_network(1, 10, kSmooth), no_rate) == ErrorCode::Invalid);
    CHECK_FALSE(gpu->failure());
}

TEST_CASE("gpu: a cancelled job ends after the chunk that runs", "[integration][render_gpu]") {
    GlApi api = system_api();
    CancelFlag cancel{false};
    g_cancel = &cancel;
    g_dispatch = api.gl.DispatchCompute;
    g_dispatches = 0;
    api.gl.DispatchCompute = dispatch_that_cancels;
    auto gpu = software_gpu(api);
    const CppnProgram program = random_network(1, 10, kSmooth);
    auto channels = gpu->evaluate(program, std::vector<std::uint32_t>{0}, signal(1'000, 100), cancel);
    REQUIRE_FALSE(channels);
    CHECK(channels.error().code == ErrorCode::Unavailable);
    CHECK(g_dispatches == 1);
    CHECK_FALSE(gpu->failure());
}

TEST_CASE("gpu: one context per process, and another one once the first is gone",
          "[integration][render_gpu]") {
    const GlApi api = system_api();
    auto gpu = software_gpu(api);
    auto second = GlesCppn::create(kSoftware, api);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == GpuErrc::Misuse);
    gpu.reset();
    CHECK(GlesCppn::create(kSoftware, api));
}

TEST_CASE("gpu: a context belongs to its thread", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    const CppnProgram program = random_network(1, 10, kSmooth);
    ErrorCode code = ErrorCode::Io;
    std::thread other([&] {
        auto channels = gpu->evaluate(program, std::vector<std::uint32_t>{0}, signal(100), kNotCancelled);
        if (!channels) code = channels.error().code;
    });
    other.join();
    CHECK(code == ErrorCode::Invalid);
    CHECK(gpu->evaluate(program, std::vector<std::uint32_t>{0}, signal(100), kNotCancelled));
}

TEST_CASE("gpu: buffers are reused and only grow", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    const CppnProgram program = random_network(1, 10, kSmooth);
    const std::vector<std::uint32_t> outputs = {0, 1};
    const auto bytes_after = [&](std::size_t samples) {
        REQUIRE(gpu->evaluate(program, outputs, signal(samples), kNotCancelled));
        return gpu->gpu_bytes();
    };
    const std::size_t small = bytes_after(100);
    CHECK(bytes_after(100) == small);
    const std::size_t large = bytes_after(10'000);
    CHECK(large >= 10'000 * 4 * sizeof(float));
    CHECK(bytes_after(100) == large);
    // Chunks of one second each: a longer sound needs no more.
    const std::size_t second = bytes_after(16'000);
    CHECK(bytes_after(40'000) == second);
}

TEST_CASE("gpu: it says what it is", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    CHECK(gpu->info().name == "gles");
    CHECK(gpu->info().device == gpu->context().caps().renderer);
    CHECK_FALSE(gpu->info().exact);
    CHECK(gpu->context().caps().robust);
    CHECK(gpu->context().device().software);
}

TEST_CASE("gpu: a library that is not there is NoLoader, one that is no EGL too",
          "[integration][render_gpu]") {
    auto absent = GlApi::load("libkpm-no-such-library.so.1");
    REQUIRE_FALSE(absent);
    CHECK(absent.error().code == GpuErrc::NoLoader);
    auto other = GlApi::load("libm.so.6");
    REQUIRE_FALSE(other);
    CHECK(other.error().code == GpuErrc::NoLoader);
}

TEST_CASE("gpu: the seam alone gives the error in words", "[integration][render_gpu]") {
    auto none = make_gles_evaluator({DeviceSelector::Kind::Cpu, ""});
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ErrorCode::NotFound);
    auto software = make_gles_evaluator(kSoftware);
    REQUIRE(software);
    CHECK((*software)->info().name == "gles");
}
