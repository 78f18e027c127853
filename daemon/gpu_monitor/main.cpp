// kpm-gpu-monitor: tells kpmd what NVIDIA's GPUs do. Started by kpmd when it is needed, never by hand. For
// each line that is read one is written (readings_line.h); the program ends with its input.

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/gpu_monitor/nvml.h"
#include "daemon/gpu_monitor/readings_line.h"

namespace {

using namespace kpm::gpu_monitor;

// kpmd kills whoever does not answer in 5 s; when it is gone itself, this does.
constexpr unsigned kPatience = 10;

bool write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// The library is loaded for the first question. False: there is nothing to be had from it.
bool answer(std::optional<Nvml>& nvml) {
    ::alarm(kPatience);
    std::string error;
    if (!nvml) {
        auto opened = Nvml::open();
        if (opened)
            nvml.emplace(std::move(*opened));
        else
            error = opened.error().message;
    }
    std::optional<std::string> line;
    if (nvml) {
        const auto gpus = nvml->read();
        if (gpus)
            line = readings_line(*gpus);
        else
            error = gpus.error().message;
    }
    ::alarm(0);
    return write_all(line ? *line : error_line(error)) && line;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], "--version") == 0) return std::puts(KPM_VERSION) < 0;
    if (argc != 1) {
        std::fputs("usage: kpm-gpu-monitor    answers each line with a line of JSON; kpmd starts it\n",
                   stderr);
        return 2;
    }
    std::optional<Nvml> nvml;
    char buffer[256];
    ssize_t count = 0;
    while ((count = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0)
        for (const char c : std::string_view(buffer, static_cast<std::size_t>(count)))
            if (c == '\n' && !answer(nvml)) return 1;
    return 0;
}
