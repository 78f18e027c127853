#pragma once
// What can go wrong with a GPU, and the exit code that tells the supervisor what to do about it. Inside the
// GPU library failures are GpuErrors; at the CppnEvaluator seam they become the project's Error, and
// GlesCppn::failure() keeps the GpuError for main().

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "ipc/base/result.h"

namespace kpm::render {

enum class GpuErrc {
    NoLoader,     // libEGL.so.1 cannot be loaded
    NoDriver,     // the loader is there, no driver answers
    NoDevice,     // no device matches the selection, or the selection wants none
    WrongDevice,  // the driver gave another device than the selected one
    Unsupported,  // the driver lacks OpenGL ES 3.1 compute or contexts without a window
    Compile,      // the driver refused the interpreter shader
    OutOfMemory,
    ContextLost,
    Timeout,     // a dispatch did not finish before its deadline
    Driver,      // any other GL error
    BadNetwork,  // the network cannot run on this backend; the CPU can
    BadResult,   // NaN or infinity in the output; the CPU is to decide
    Misuse,      // used in another thread, after fork, or a second context at once
};

// Who caused a context loss, as the driver tells it.
enum class ResetKind { None, Guilty, Innocent, Unknown };

struct GpuError {
    GpuErrc code = GpuErrc::Driver;
    std::string detail;
    ResetKind reset = ResetKind::None;
};

std::string_view name(GpuErrc code);
std::string_view name(ResetKind kind);

// True when the context is not to be used again and the worker is to exit: out of memory, lost, timed out,
// driver error.
bool is_fatal(GpuErrc code);

// Exit code of a render-worker that ends because of this: 69 no usable GPU (do not start again with the same
// selection), 70 a bug, 71 GPU out of memory, 75 context lost, 76 deadline passed. 0 for what is no reason to
// exit.
int exit_code(GpuErrc code);

// "cannot use gpu: no device: no GPU has the address '0000:41:00.0'"
Error to_error(const GpuError& error);

template <class T>
class [[nodiscard]] GpuResult {
public:
    GpuResult(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    GpuResult(GpuError error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() & { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const GpuError& error() const { return std::get<1>(state_); }

private:
    std::variant<T, GpuError> state_;
};

using GpuStatus = GpuResult<std::monostate>;

}  // namespace kpm::render
