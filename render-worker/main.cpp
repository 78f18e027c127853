// render-worker: serves renders on connections that kpmd hands over (KPM_CHANNEL_FD) or on an own port; or
// renders one file.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "render-worker/command/quirk_option.h"
#include "render-worker/command/render_command.h"
#include "render-worker/dsp/quirk_table.h"
#include "render-worker/gpu/probe.h"
#include "render-worker/manual.h"
#include "render-worker/server/channel_fd.h"
#include "render-worker/server/genome_library.h"
#include "render-worker/server/host_info.h"
#include "render-worker/server/kept_memory.h"
#include "render-worker/server/options.h"
#include "render-worker/server/protocol_choice.h"
#include "render-worker/server/renderer_engine.h"
#include "render-worker/server/server.h"
#include "render-worker/server/suspects.h"

namespace {

using namespace kpm;
using namespace kpm::render;

struct Arguments {
    ServerOptions server;
    EngineOptions engine;
    ProtocolChoice protocol;
    LibraryOptions library;
    long long drain_idle = 2000;        // milliseconds
    long long header_timeout = 10000;   // milliseconds
    long long message_timeout = 60000;  // milliseconds
    long long render_timeout = 300000;  // milliseconds
    long long fetch_timeout = 30000;    // milliseconds
    std::vector<std::string> quirks;
    bool anti_aliasing = false;
    bool probe = false;
};

int fail(const std::string& message) {
    fmt::print(stderr, "render-worker: {}\n", message);
    return 1;
}

void declare(CLI::App& app, Arguments& arguments) {
    app.set_version_flag("--version", "render-worker " KPM_VERSION);
    app.add_option("--host", arguments.server.host, "address or name to listen on")->capture_default_str();
    app.add_option("--port", arguments.server.port, "port to listen on, 0 for any free one")
        ->envname("PORT")
        ->capture_default_str();
    app.add_option("--gpu", arguments.engine.gpu, "auto, off, software, a PCI address or a UUID")
        ->envname("RW_GPU")
        ->capture_default_str();
    const std::map<std::string, GpuUse> uses = {{"cheaper", GpuUse::Cheaper}, {"always", GpuUse::Always}};
    app.add_option("--gpu-when", arguments.engine.gpu_use,
                   "cheaper: for what it takes less time for than the CPU; always; "
                   "cheaper with auto, always with a named device if not given")
        ->transform(CLI::CheckedTransformer(uses).description(""))
        ->type_name("WHEN")
        ->envname("RW_GPU_WHEN");
    app.add_option(
           "--render-threads", arguments.engine.threads,
           "threads that evaluate a job's networks on the CPU; more than one pays while CPUs are idle")
        ->check(CLI::Range(1, kMaxThreads))
        ->capture_default_str();
    app.add_option("--max-message", arguments.server.max_message,
                   "bytes of the longest message that is taken")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--queue", arguments.server.queue, "jobs that may wait for the one that is rendered")
        ->capture_default_str();
    app.add_option("--drain-idle", arguments.drain_idle,
                   "milliseconds of silence before a drain closes a connection")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option("--render-timeout", arguments.render_timeout,
                   "milliseconds after which a job is called off, 0 for no limit")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    app.add_option(
           "--suspects", arguments.server.suspects,
           "directory in which an app's workers note the jobs over which one has ended; under kpm its "
           "home's suspects/<name>")
        ->envname("RW_SUSPECTS");
    app.add_option("--header-timeout", arguments.header_timeout,
                   "milliseconds from the first to the last byte of an HTTP request")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--message-timeout", arguments.message_timeout,
                   "milliseconds from the first to the last byte of a WebSocket message, and a second more "
                   "for each 64 KiB of it")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--protocol", arguments.protocol.name,
                   "message format that clients speak: any, pcm, float or render")
        ->check(CLI::IsMember({"any", "pcm", "float", "render"}))
        ->capture_default_str();
    app.add_option("--render-norm", arguments.protocol.norm,
                   "loudness of the render format's sounds: minmax (first channel) or peak (sum of all)")
        ->check(CLI::IsMember({"minmax", "peak"}))
        ->capture_default_str();
    app.add_option("--genome-server", arguments.protocol.genome_server,
                   "URL of the server that genomes are fetched from, in place of localhost:3004")
        ->envname("EVORUNS_SERVER_URL");
    app.add_option("--database", arguments.library.database, "SQLite file with the genomes of genomeId")
        ->envname("DB_PATH");
    app.add_option("--host-info-file,--hostInfoFilePath", arguments.server.host_info_file,
                   "file that gets host:port when the worker is ready");
    app.add_option("--max-genome", arguments.library.max_genome,
                   "bytes of the longest genome that is fetched, unzipped")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--fetch-timeout", arguments.fetch_timeout, "milliseconds in which a genome must be there")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_flag("--anti-aliasing", arguments.anti_aliasing,
                 "take requests for anti-aliased sound, which are refused otherwise; as "
                 "--quirk anti-aliasing-unreliable=off");
    declare_quirks(app, arguments.quirks);
    app.add_flag("--probe", arguments.probe, "print the GPUs that can be used, then exit");
}

void declare_man_page(CLI::App& app) {
    using Entry = Manual::Entry;
    add_man_page(
        app,
        {{"DESCRIPTION",
          {Manual::Paragraph{
              "Serves renders over HTTP and WebSocket: on a port of its own, or, as an app of `kpm` with "
              "`kpm_channel`, on connections that are handed over to it. Renders on one GPU, or exactly, "
              "in double precision, on the CPU."}}}},
        {{"SIGNALS", {Entry{"SIGTERM, SIGINT", "take no more connections, finish what is under way, end"}}},
         {"EXIT STATUS",
          {Entry{"0", "ended after a signal"}, Entry{"1", "it could not start"},
           Entry{"69", "there is no such GPU"}, Entry{"70", "a bug in what runs on the GPU"},
           Entry{"71", "the GPU's memory is full"}, Entry{"75", "the GPU's context was lost"},
           Entry{"76", "the GPU did not answer in time, or a render did not end"}}},
         quirks_section()},
        {{"kpm", 1}, {"render-client", 1}});
}

int print_devices() {
    fmt::print("{}", probe_json_lines());
    return 0;
}

int render_file(const RenderArguments& arguments) {
    const Result<std::string> done = render_to_files(arguments);
    if (!done) return fail(done.error().message);
    fmt::print(stderr, "{}\n", *done);  // the sound may be written to standard output
    return 0;
}

int run(Arguments arguments) {
    Result<Quirks> quirks = quirks_of(arguments.quirks);
    if (!quirks) return fail(quirks.error().message);
    arguments.engine.quirks = *quirks;
    if (arguments.anti_aliasing) arguments.engine.quirks.anti_aliasing_unreliable = false;
    Result<EngineFactory> factory = make_engine_factory(arguments.engine);
    if (!factory) return fail(factory.error().message);
    Result<std::optional<UniqueFd>> channel = channel_from_environment();
    if (!channel) return fail(channel.error().message);

    arguments.server.drain_idle = std::chrono::milliseconds(arguments.drain_idle);
    arguments.server.render_timeout = std::chrono::milliseconds(arguments.render_timeout);
    arguments.server.header_timeout = std::chrono::milliseconds(arguments.header_timeout);
    arguments.server.message_timeout = std::chrono::milliseconds(arguments.message_timeout);
    if (!arguments.server.host_info_file.empty())
        arguments.server.host_info_file = host_info_path(arguments.server.host_info_file);
    arguments.server.suspects = suspects_directory(arguments.server.suspects);
    arguments.library.timeout = std::chrono::milliseconds(arguments.fetch_timeout);
    const std::unique_ptr<Protocol> protocol = make_protocol(arguments.protocol);
    GenomeLibrary library(arguments.library);
    const Result<int> code =
        render::serve(arguments.server, *protocol, library, *std::move(factory), *std::move(channel));
    if (!code) return fail(code.error().message);
    // A driver that has hung or lost its device may hang once more in what it does at a process's end.
    if (*code != 0) {
        std::fflush(nullptr);
        std::_Exit(*code);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments arguments;
    RenderArguments file;
    CLI::App app("Renders KromoSynth genomes to sound, for WebSocket clients or to a file.", "render-worker");
    declare(app, arguments);
    const CLI::App& render = declare_render(app, file);
    declare_man_page(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 1;  // the library's codes above 100 tell nobody anything
    }
    // A genome of a stranger's may make a library throw (also: out of memory).
    try {
        if (render.parsed()) return render_file(file);
    } catch (const std::exception& error) {
        return fail(fmt::format("cannot render '{}': {}", file.genome, error.what()));
    }
    if (arguments.probe) return print_devices();
    keep_freed_memory();
    return run(std::move(arguments));
}
