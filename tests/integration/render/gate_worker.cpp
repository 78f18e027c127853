// The real server with an engine that does what the genome says:
//   {"level": 0.5}     samples of that level
//   {"gate": "/path"}  first waits until the file exists (or the job is cancelled)
//   {"fail": "text"}   an Invalid error
//   {"throw": "text"}  an exception
//   {"lose": true}     the device is lost
//   {"stuck": true}    never comes back, whatever it is told
//   {"crash": true}    ends the process
// Arguments: name=value for the members of ServerOptions that tests need, and for what main reads beside
// them.

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "render-worker/server/channel_fd.h"
#include "render-worker/server/genome_library.h"
#include "render-worker/server/protocol_choice.h"
#include "render-worker/server/server.h"

namespace {

using namespace kpm;
using namespace kpm::render;

class GateEngine final : public RenderEngine {
public:
    Result<RenderedSound> render(const RenderTask& task, const CancelFlag& cancelled) override {
        const Json genome =
            task.genome.is_string() ? Json::parse(task.genome.get_ref<const std::string&>()) : task.genome;
        if (genome.contains("gate"))
            while (::access(genome["gate"].get_ref<const std::string&>().c_str(), F_OK) != 0) {
                if (cancelled) return Error{ErrorCode::Unavailable, "cannot render 'genome': cancelled"};
                std::this_thread::sleep_for(std::chrono::milliseconds(2));
            }
        while (genome.contains("stuck")) ::pause();
        if (genome.contains("crash")) ::raise(SIGKILL);
        if (genome.contains("fail")) return Error{ErrorCode::Invalid, genome["fail"].get<std::string>()};
        if (genome.contains("throw")) throw std::runtime_error(genome["throw"].get<std::string>());
        if (genome.contains("lose")) return Error{ErrorCode::Unavailable, "cannot use gpu: context lost"};
        const auto count =
            static_cast<std::size_t>(std::lround(task.request.duration * task.request.sample_rate));
        return RenderedSound{std::vector<float>(count, genome.value("level", 0.5f)),
                             task.request.sample_rate};
    }
    int exit_code_when_lost() const override { return 75; }
    std::string description() const override { return "gate"; }
};

ServerOptions read_options(int argc, char** argv) {
    ServerOptions options{.host = "127.0.0.1", .port = 0};
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const long value = std::atol(argv[i] + equals + 1);
        if (name == "suspects") options.suspects = argument.substr(equals + 1);
        if (name == "queue") options.queue = static_cast<std::size_t>(value);
        if (name == "max_message") options.max_message = static_cast<std::size_t>(value);
        if (name == "max_output") options.max_output = static_cast<std::size_t>(value);
        if (name == "max_all_output") options.max_all_output = static_cast<std::size_t>(value);
        if (name == "start_timeout") options.start_timeout = std::chrono::milliseconds(value);
        if (name == "drain_idle") options.drain_idle = std::chrono::milliseconds(value);
        if (name == "ping_interval") options.ping_interval = std::chrono::milliseconds(value);
        if (name == "stop_deadline") options.stop_deadline = std::chrono::milliseconds(value);
        if (name == "render_timeout") options.render_timeout = std::chrono::milliseconds(value);
        if (name == "stuck_grace") options.stuck_grace = std::chrono::milliseconds(value);
        if (name == "header_timeout") options.header_timeout = std::chrono::milliseconds(value);
        if (name == "message_timeout") options.message_timeout = std::chrono::milliseconds(value);
        if (name == "request_timeout") options.request_timeout = std::chrono::milliseconds(value);
        if (name == "fetch_threads") options.fetch_threads = static_cast<std::size_t>(value);
    }
    return options;
}

struct Sources {
    ProtocolChoice protocol;
    LibraryOptions library;
    bool is_stuck = false;  // no engine is made
};

Sources read_sources(int argc, char** argv) {
    Sources sources;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const std::size_t equals = argument.find('=');
        const std::string_view name = argument.substr(0, equals);
        const std::string value(argument.substr(equals + 1));
        if (name == "protocol") sources.protocol.name = value;
        if (name == "genome_server") sources.protocol.genome_server = value;
        if (name == "stuck_start") sources.is_stuck = true;
        if (name == "database") sources.library.database = value;
        if (name == "max_genome") sources.library.max_genome = std::stoul(value);
        if (name == "fetch_timeout") sources.library.timeout = std::chrono::milliseconds(std::stoul(value));
    }
    return sources;
}

}  // namespace

int main(int argc, char** argv) {
    Result<std::optional<UniqueFd>> channel = channel_from_environment();
    if (!channel) return 2;
    const Sources sources = read_sources(argc, argv);
    const std::unique_ptr<Protocol> protocol = make_protocol(sources.protocol);
    GenomeLibrary library(sources.library);
    const EngineFactory factory = [&] {
        while (sources.is_stuck) ::pause();
        return std::unique_ptr<RenderEngine>(std::make_unique<GateEngine>());
    };
    const Result<int> code =
        serve(read_options(argc, argv), *protocol, library, factory, *std::move(channel));
    if (!code) fmt::print(stderr, "{}\n", code.error().message);
    return code ? *code : 2;
}
