#pragma once
// What `render-worker --probe` prints (render-worker/gpu/probe.h): whether one GPU is among those on which it
// could make a context. Pure; io/gpu_probes.h runs the program.

#include <string>
#include <string_view>

namespace kpm::core {

enum class GpuProbeResult {
    Answers,
    Fails,
    Unknown  // the program could not look, or could not tell which GPUs it saw
};

// `printed`: all of it. `uuid` may be empty.
GpuProbeResult read_gpu_probe(std::string_view printed, std::string_view pci, std::string_view uuid);

}  // namespace kpm::core
