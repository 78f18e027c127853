// render-client: asks a render-worker for one sound and writes it as a WAV file.

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "render-worker/client/render_call.h"
#include "render-worker/files/new_file.h"
#include "render-worker/files/read_file.h"
#include "render-worker/files/wav.h"
#include "render-worker/manual.h"

namespace {

using namespace kpm;
using namespace kpm::render;

struct Arguments {
    RenderCall call;
    std::string genome_path;
    std::string output = "out.wav";
};

int fail(const Error& error) {
    fmt::print(stderr, "error: {}\n", error.message);
    return 1;
}

void show_progress(std::chrono::milliseconds waited) {
    fmt::print(stderr, "\rrendering … {:.1f} s", static_cast<double>(waited.count()) / 1000);
    std::fflush(stderr);
}

int write_sound(Arguments arguments) {
    Result<std::string> genome = read_file(arguments.genome_path);
    if (!genome) return fail(genome.error());
    arguments.call.genome = *std::move(genome);
    const bool is_terminal = ::isatty(STDERR_FILENO) == 1;
    if (is_terminal) arguments.call.waiting = show_progress;
    const Result<std::vector<std::int16_t>> samples = request_render(arguments.call);
    if (is_terminal) fmt::print(stderr, "\r\033[K");
    if (!samples) return fail(samples.error());

    const double rate = arguments.call.sample_rate;
    const std::string wav = wav_bytes(*samples, static_cast<std::uint32_t>(std::lround(rate)));
    Result<NewFile> file = NewFile::write(arguments.output, wav);
    if (!file) return fail(file.error());
    if (const Result<void> kept = file->keep(); !kept) return fail(kept.error());
    const auto [low, high] = std::ranges::minmax(*samples);
    const int peak = std::max(std::abs(int{low}), std::abs(int{high}));
    fmt::print("{}: {:.3f} s, peak {:.3f}\n", arguments.output, static_cast<double>(samples->size()) / rate,
               peak / 32767.0);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Renders a KromoSynth genome on a render-worker and writes a WAV file.", "render-client");
    app.set_version_flag("--version", "render-client " KPM_VERSION);
    app.add_option("genome", arguments.genome_path, "JSON file of the genome")->required();
    app.add_option("--url", arguments.call.url, "the render-worker")->capture_default_str();
    app.add_option("--duration", arguments.call.duration, "seconds")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--note-delta", arguments.call.note_delta, "semitones")->capture_default_str();
    app.add_option("--velocity", arguments.call.velocity, "0 to 1")->capture_default_str();
    app.add_option("--sample-rate", arguments.call.sample_rate, "Hz")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("-o,--output", arguments.output, "WAV file to write")->capture_default_str();
    add_man_page(app, {}, {}, {{"render-worker", 1}});
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;  // the library's codes above 100 tell nobody anything
    }
    return write_sound(std::move(arguments));
}
