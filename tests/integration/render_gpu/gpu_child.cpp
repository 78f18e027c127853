// The program that the driver tests run with a prepared environment. Ends with the exit code that a
// render-worker would end with. gpu_child render SELECTOR | probe | fork | memory
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "ipc/base/json.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/gpu/gles_cppn.h"
#include "render-worker/gpu/probe.h"
#include "tests/integration/render_gpu/random_network.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const CancelFlag kNotCancelled{false};
const SignalSpec kSignal{
    .frequency = 440, .sample_rate = 16'000, .sample_count = 2'000, .offset = 0, .total = 2'000};
const std::vector<std::uint32_t> kOutputs = {0, 5};

int fail(const GpuError& error) {
    fmt::print("{}\n", Json{{"error", name(error.code)}, {"detail", error.detail}}.dump());
    return exit_code(error.code);
}

int evaluate_on(std::string_view selector_text) {
    auto selector = DeviceSelector::parse(selector_text);
    if (!selector) return 64;
    auto gpu = GlesCppn::create(*selector);
    if (!gpu) return fail(gpu.error());
    const CppnProgram program = random_network(3, 50, kSmooth);
    auto fast = (*gpu)->evaluate(program, kOutputs, kSignal, kNotCancelled);
    if (!fast) return 1;
    auto exact = CpuCppn().evaluate(program, kOutputs, kSignal, kNotCancelled);
    double worst = 0;
    for (std::size_t i = 0; i < kSignal.sample_count; ++i)
        worst = std::max(worst, std::abs(double{(*fast)[1][i]} - double{(*exact)[1][i]}));
    const GpuCaps& caps = (*gpu)->context().caps();
    fmt::print("{}\n", Json{{"renderer", caps.renderer},
                            {"es", fmt::format("{}.{}", caps.es_major, caps.es_minor)},
                            {"robust", caps.robust},
                            {"precise", caps.precise},
                            {"software", (*gpu)->context().device().software},
                            {"worst", worst}}
                           .dump());
    return 0;
}

// The child of a process with a context may neither use it nor make one: 0 if both are refused, at once.
int use_after_fork() {
    auto gpu = GlesCppn::create({DeviceSelector::Kind::Software, ""});
    if (!gpu) return fail(gpu.error());
    const CppnProgram program = random_network(3, 10, kSmooth);
    if (!(*gpu)->evaluate(program, kOutputs, kSignal, kNotCancelled)) return 1;
    const pid_t child = fork();
    if (child == 0) {
        const bool used = bool((*gpu)->evaluate(program, kOutputs, kSignal, kNotCancelled));
        const auto second = GlesCppn::create({DeviceSelector::Kind::Software, ""});
        gpu->reset();  // must not touch the driver either
        _exit(!used && !second && second.error().code == GpuErrc::Misuse ? 0 : 1);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) return 1;
    return (*gpu)->evaluate(program, kOutputs, kSignal, kNotCancelled) ? 0 : 1;
}

long resident_kib() {
    std::ifstream statm("/proc/self/statm");
    long total = 0;
    long resident = 0;
    statm >> total >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

// Prints by how many KiB 200 evaluations of different networks make the process grow.
int memory() {
    auto gpu = GlesCppn::create({DeviceSelector::Kind::Software, ""});
    if (!gpu) return fail(gpu.error());
    const auto evaluate = [&](std::uint32_t seed) {
        const CppnProgram program = random_network(seed, 10 + seed % 40, kSmooth);
        return bool((*gpu)->evaluate(program, kOutputs, kSignal, kNotCancelled));
    };
    for (std::uint32_t seed = 0; seed < 50; ++seed)
        if (!evaluate(seed)) return 1;
    const long before = resident_kib();
    for (std::uint32_t seed = 0; seed < 200; ++seed)
        if (!evaluate(seed)) return 1;
    fmt::print("{}\n", Json{{"growth", resident_kib() - before}}.dump());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc > 1 ? argv[1] : "";
    if (mode == "render" && argc == 3) return evaluate_on(argv[2]);
    if (mode == "fork") return use_after_fork();
    if (mode == "memory") return memory();
    if (mode == "probe") {
        fmt::print("{}", probe_json_lines());
        return 0;
    }
    return 64;
}
