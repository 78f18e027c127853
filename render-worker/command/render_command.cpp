#include "render-worker/command/render_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "ipc/base/json.h"
#include "render-worker/command/quirk_option.h"
#include "render-worker/dsp/quirk_table.h"
#include "render-worker/files/new_file.h"
#include "render-worker/files/plot.h"
#include "render-worker/files/read_file.h"
#include "render-worker/files/wav.h"
#include "render-worker/server/gunzip.h"
#include "render-worker/server/renderer_engine.h"

namespace kpm::render {
namespace {

constexpr std::size_t kMaxGenomeBytes = std::size_t{1} << 30;  // unpacked

// As genomes lie on a server's disk: plain or gzip'ed.
Result<std::string> read_plain(const std::string& path) {
    auto text = read_file(path);
    if (!text || !is_gzip(*text)) return text;
    auto plain = gunzip(*std::move(text), kMaxGenomeBytes);
    if (!plain)
        return Error{ErrorCode::Invalid, fmt::format("cannot read '{}': {}", path, plain.error().message)};
    return plain;
}

// Deep nesting is refused by the renderer.
Result<Json> read_genome(const std::string& path) {
    const auto text = read_plain(path);
    if (!text) return text.error();
    JsonFault fault;
    Json genome = parse_json(*text, {}, &fault);
    if (!genome.is_discarded()) return genome;
    const auto refused = [&](const std::string& reason) {
        return Error{ErrorCode::Invalid, fmt::format("cannot read '{}': {}", path, reason)};
    };
    if (fault.kind == JsonFault::Kind::OutOfRange) return refused("a number is out of range");
    if (fault.kind == JsonFault::Kind::TooDeep) return refused("nested too deeply");
    return refused(fmt::format("not JSON at byte {}", fault.byte));
}

Result<RenderedSound> render(RenderTask task, const RenderArguments& arguments, const Quirks& quirks) {
    EngineOptions options;
    options.gpu = arguments.gpu;
    // There is but one sound: nothing to learn from.
    options.gpu_use = GpuUse::Always;
    options.quirks = quirks;
    // And nothing else that the CPUs are needed for.
    options.threads = arguments.threads.value_or(std::max(std::thread::hardware_concurrency(), 1u));
    // Who asks for it here knows what the library does.
    if (task.request.anti_aliasing) options.quirks.anti_aliasing_unreliable = false;
    const auto factory = make_engine_factory(options);
    if (!factory) return factory.error();
    auto made = (*factory)();
    if (const auto* failure = std::get_if<EngineFailure>(&made)) return failure->error;
    const CancelFlag cancelled{false};
    return std::get<std::unique_ptr<RenderEngine>>(made)->render(task, cancelled);
}

std::string wav_of(const RenderedSound& sound, SampleFormat format) {
    const auto rate = static_cast<std::uint32_t>(std::lround(sound.sample_rate));
    if (format == SampleFormat::Float32) return wav_bytes(std::span(sound.samples), rate);
    const std::string pcm = to_pcm16(sound.samples);
    std::vector<std::int16_t> samples(sound.samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::int16_t>(static_cast<unsigned char>(pcm[2 * i]) |
                                               static_cast<unsigned char>(pcm[2 * i + 1]) << 8);
    return wav_bytes(std::span<const std::int16_t>(samples), rate);
}

bool is_standard_output(const std::string& path) {
    return path == "-";
}

std::string name_of(const std::string& path) {
    return is_standard_output(path) ? "standard output" : path;
}

// What need not be rendered to be refused.
Result<void> check_targets(const RenderArguments& arguments) {
    const auto refused = [](const std::string& path, std::string_view reason) {
        return Error{ErrorCode::Invalid, fmt::format("cannot write '{}': {}", name_of(path), reason)};
    };
    if (arguments.plot == arguments.output)
        return refused(arguments.plot, "it cannot be the sound and the plot");
    if (is_standard_output(arguments.output) && ::isatty(STDOUT_FILENO) != 0)
        return refused(arguments.output, "it is a terminal, which cannot take a WAV file");
    return {};
}

Result<NewFile> write_file(const std::string& path, std::string bytes) {
    if (is_standard_output(path)) return NewFile::standard_output(std::move(bytes));
    return NewFile::write(path, bytes);
}

Result<void> write_files(const RenderArguments& arguments, const RenderedSound& sound) {
    auto wav = write_file(arguments.output, wav_of(sound, arguments.format));
    if (!wav) return wav.error();
    if (arguments.plot.empty()) return wav->keep();
    auto plot = write_file(arguments.plot, plot_svg(sound.samples, sound.sample_rate, arguments.genome));
    if (!plot) return plot.error();
    // Standard output first: what it refuses is found out before a file is replaced.
    const bool is_wav_first = is_standard_output(arguments.output);
    if (auto kept = (is_wav_first ? wav : plot)->keep(); !kept) return kept;
    return (is_wav_first ? plot : wav)->keep();
}

RenderRequest request_of(const RenderArguments& arguments) {
    RenderRequest request = arguments.request;
    if (arguments.count) request.part = SignalPart{arguments.offset, *arguments.count};
    return request;
}

}  // namespace

CLI::App& declare_render(CLI::App& app, RenderArguments& arguments) {
    CLI::App& command = *app.add_subcommand("render", "render one genome to a WAV file, without a server");
    RenderRequest& request = arguments.request;
    command.add_option("genome", arguments.genome, "JSON file of the genome")->required();
    command.add_option("-o,--output", arguments.output, "WAV file to write; - for standard output")
        ->required();
    command.add_option("--plot", arguments.plot,
                       "SVG file to write, with the waveform and the spectrogram; - for standard output");
    const std::map<std::string, SampleFormat> formats = {{"pcm16", SampleFormat::Pcm16},
                                                         {"float32", SampleFormat::Float32}};
    command.add_option("--format", arguments.format, "of the samples: pcm16 or float32; pcm16 if not given")
        ->transform(CLI::CheckedTransformer(formats).description(""))
        ->type_name("FORMAT");
    command.add_option("--duration", request.duration, "seconds")->capture_default_str();
    command.add_option("--sample-rate", request.sample_rate, "Hz")->capture_default_str();
    command.add_option("--note-delta", request.note_delta, "semitones")->capture_default_str();
    command.add_option("--note-ratio", request.note_ratio,
                       "two ratios to multiply the pitch with, in place of the note delta");
    command.add_option("--velocity", request.velocity, "0 to 1")->capture_default_str();
    command.add_flag("--reverse", request.reverse, "turn the network's signals round");
    command.add_flag_callback(
        "--no-inharmonicity", [&request] { request.use_overtone_inharmonicity_factors = false; },
        "partials without inharmonicity");
    command.add_flag("--note-for-all", request.frequency_updates_apply_to_all,
                     "the note applies to all signals, not only to buffers and partials");
    command.add_flag("--anti-aliasing", request.anti_aliasing,
                     "signals at twice the rate, filtered; half of their gesture, as in the original");
    declare_quirks(command, arguments.quirks);
    CLI::Option* count =
        command.add_option("--count", arguments.count, "samples of the signals to compute; all if not given");
    command.add_option("--offset", arguments.offset, "the first of them")->needs(count);
    command.add_option("--gpu", arguments.gpu, "auto, off, software, a PCI address or a UUID; off is exact")
        ->capture_default_str();
    command
        .add_option("--render-threads", arguments.threads,
                    "threads that evaluate networks on the CPU; as many as CPUs if not given")
        ->check(CLI::Range(1, kMaxThreads));
    return command;
}

Result<std::string> render_to_files(const RenderArguments& arguments) {
    if (auto checked = check_targets(arguments); !checked) return checked.error();
    const auto quirks = quirks_of(arguments.quirks);
    if (!quirks) return quirks.error();
    auto genome = read_genome(arguments.genome);
    if (!genome) return std::move(genome).error();
    RenderTask task;
    task.genome = std::move(*genome);
    task.request = request_of(arguments);
    const auto sound = render(std::move(task), arguments, *quirks);
    if (!sound) return sound.error();
    if (auto written = write_files(arguments, *sound); !written) return written.error();
    float peak = 0;
    for (const float sample : sound->samples) peak = std::max(peak, std::abs(sample));
    return fmt::format("{}: {:.3f} s, peak {:.3f}", name_of(arguments.output),
                       static_cast<double>(sound->samples.size()) / sound->sample_rate, peak);
}

}  // namespace kpm::render
