#include "render-worker/gpu/gpu_error.h"

#include <array>

#include <fmt/format.h>

namespace kpm::render {
namespace {

struct Row {
    GpuErrc code;
    std::string_view name;
    int exit_code;
    bool fatal;
    ErrorCode error_code;
};

constexpr std::array kRows = {
    Row{GpuErrc::NoLoader, "no loader", 69, false, ErrorCode::Unavailable},
    Row{GpuErrc::NoDriver, "no driver", 69, false, ErrorCode::Unavailable},
    Row{GpuErrc::NoDevice, "no device", 69, false, ErrorCode::NotFound},
    Row{GpuErrc::WrongDevice, "wrong device", 69, false, ErrorCode::Unavailable},
    Row{GpuErrc::Unsupported, "unsupported", 69, false, ErrorCode::Unavailable},
    Row{GpuErrc::Compile, "shader refused", 70, false, ErrorCode::Invalid},
    Row{GpuErrc::OutOfMemory, "out of memory", 71, true, ErrorCode::Unavailable},
    Row{GpuErrc::ContextLost, "context lost", 75, true, ErrorCode::Unavailable},
    Row{GpuErrc::Timeout, "deadline passed", 76, true, ErrorCode::Unavailable},
    Row{GpuErrc::Driver, "driver error", 70, true, ErrorCode::Unavailable},
    Row{GpuErrc::BadNetwork, "network not runnable here", 0, false, ErrorCode::Invalid},
    Row{GpuErrc::BadResult, "result not finite", 0, false, ErrorCode::Invalid},
    Row{GpuErrc::Misuse, "misuse", 70, false, ErrorCode::Invalid},
};

constexpr bool rows_follow_the_enum() {
    for (std::size_t i = 0; i < kRows.size(); ++i)
        if (static_cast<std::size_t>(kRows[i].code) != i) return false;
    return kRows.size() == static_cast<std::size_t>(GpuErrc::Misuse) + 1;
}
static_assert(rows_follow_the_enum());

const Row& row(GpuErrc code) {
    return kRows[static_cast<std::size_t>(code)];
}

}  // namespace

std::string_view name(GpuErrc code) {
    return row(code).name;
}

std::string_view name(ResetKind kind) {
    switch (kind) {
        case ResetKind::None:
            return "none";
        case ResetKind::Guilty:
            return "guilty";
        case ResetKind::Innocent:
            return "innocent";
        case ResetKind::Unknown:
            return "unknown";
    }
    return "unknown";
}

bool is_fatal(GpuErrc code) {
    return row(code).fatal;
}

int exit_code(GpuErrc code) {
    return row(code).exit_code;
}

Error to_error(const GpuError& error) {
    return {row(error.code).error_code,
            fmt::format("cannot use gpu: {}: {}", name(error.code), error.detail)};
}

}  // namespace kpm::render
