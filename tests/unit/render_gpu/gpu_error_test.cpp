#include "render-worker/gpu/gpu_error.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::render;

TEST_CASE("every class of GPU failure has its exit code", "[unit][render_gpu]") {
    for (GpuErrc code : {GpuErrc::NoLoader, GpuErrc::NoDriver, GpuErrc::NoDevice, GpuErrc::WrongDevice,
                         GpuErrc::Unsupported})
        CHECK(exit_code(code) == 69);
    for (GpuErrc code : {GpuErrc::Compile, GpuErrc::Driver, GpuErrc::Misuse}) CHECK(exit_code(code) == 70);
    CHECK(exit_code(GpuErrc::OutOfMemory) == 71);
    CHECK(exit_code(GpuErrc::ContextLost) == 75);
    CHECK(exit_code(GpuErrc::Timeout) == 76);
    CHECK(exit_code(GpuErrc::BadNetwork) == 0);
    CHECK(exit_code(GpuErrc::BadResult) == 0);
}

TEST_CASE("only what spoils the context is fatal", "[unit][render_gpu]") {
    for (GpuErrc code : {GpuErrc::OutOfMemory, GpuErrc::ContextLost, GpuErrc::Timeout, GpuErrc::Driver})
        CHECK(is_fatal(code));
    for (GpuErrc code : {GpuErrc::BadNetwork, GpuErrc::BadResult, GpuErrc::Misuse, GpuErrc::Compile})
        CHECK_FALSE(is_fatal(code));
}

TEST_CASE("a GPU error becomes the project's error, Invalid where the CPU is to take over",
          "[unit][render_gpu]") {
    CHECK(to_error({GpuErrc::NoDevice, "none of 1 EGL devices matches 'auto'"}) ==
          Error{ErrorCode::NotFound, "cannot use gpu: no device: none of 1 EGL devices matches 'auto'"});
    CHECK(to_error({GpuErrc::BadNetwork, "too large"}).code == ErrorCode::Invalid);
    // A larger network needs a larger shader; if the driver refuses that one, the smaller ones still work.
    CHECK(to_error({GpuErrc::Compile, "linking"}).code == ErrorCode::Invalid);
    CHECK(to_error({GpuErrc::BadResult, "NaN"}).code == ErrorCode::Invalid);
    CHECK(to_error({GpuErrc::ContextLost, "guilty reset"}).code == ErrorCode::Unavailable);
}
