#include "render-worker/gpu/gles_cppn.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "render-worker/gpu/chunk_size.h"

namespace kpm::render {
namespace {

bool is_sound(const SignalSpec& spec) {
    return std::isfinite(spec.frequency) && std::isfinite(spec.sample_rate) && spec.sample_rate > 0 &&
           std::isfinite(spec.velocity);
}

}  // namespace

GpuResult<std::unique_ptr<GlesCppn>> GlesCppn::create(const DeviceSelector& selector, const GlApi& api,
                                                      GlesOptions options) {
    auto context = GpuContext::create(selector, api);
    if (!context) return context.error();
    std::unique_ptr<GlesCppn> evaluator(new GlesCppn(*std::move(context), options));
    if (auto program = evaluator->program_for(kSlotSizes[0]); !program) return program.error();
    return evaluator;
}

GpuResult<std::unique_ptr<GlesCppn>> GlesCppn::create(const DeviceSelector& selector, GlesOptions options) {
    if (!selector.wants_gpu()) return GpuError{GpuErrc::NoDevice, "the selection 'cpu' asks for none"};
    auto api = GlApi::load();
    if (!api) return api.error();
    return create(selector, *api, options);
}

GlesCppn::GlesCppn(GpuContext context, GlesOptions options)
    : context_(std::move(context)), options_(options) {}

GlesCppn::~GlesCppn() = default;

Result<std::vector<std::vector<float>>> GlesCppn::evaluate(const CppnProgram& program,
                                                           std::span<const std::uint32_t> outputs,
                                                           const SignalSpec& spec,
                                                           const CancelFlag& cancelled) {
    if (auto owner = context_.check_owner(); !owner) return to_error(owner.error());
    if (failure_) return to_error(*failure_);
    auto channels = run(program, outputs, spec, cancelled);
    if (channels) {
        if (cancelled.load()) return Error{ErrorCode::Unavailable, "cannot render: cancelled"};
        return *std::move(channels);
    }
    if (is_fatal(channels.error().code)) {
        failure_ = channels.error();
        context_.abandon();
    }
    return to_error(channels.error());
}

GpuResult<GlesCppn::Channels> GlesCppn::run(const CppnProgram& program,
                                            std::span<const std::uint32_t> outputs, const SignalSpec& spec,
                                            const CancelFlag& cancelled) {
    if (!is_sound(spec)) return GpuError{GpuErrc::BadNetwork, "frequency, rate or velocity out of range"};
    auto table = pack_network(program, outputs);
    if (!table) return table.error();
    auto interpreter = program_for(table->slot_size);
    if (!interpreter) return interpreter.error();
    if (auto status = upload_network(*table); !status) return status.error();

    Channels channels(outputs.size(), std::vector<float>(spec.sample_count));
    const std::size_t size = chunk_size({.sample_rate = spec.sample_rate,
                                         .outputs = table->output_count,
                                         .work = table->edges.size() + table->step_count,
                                         .max_buffer = context_.caps().max_ssbo});
    for (std::size_t first = 0; first < spec.sample_count && !cancelled.load(); first += size) {
        const Chunk chunk{first, static_cast<std::uint32_t>(std::min(size, spec.sample_count - first))};
        if (auto status = upload_inputs(spec, chunk); !status) return status.error();
        if (auto status = samples_.reserve(outputs.size() * chunk.count * sizeof(float)); !status)
            return status.error();
        samples_.bind(0);
        inputs_.bind(1);
        nodes_.bind(2);
        edges_.bind(3);
        (*interpreter)->dispatch(*table, chunk.count);
        if (auto status = wait(); !status) return status.error();
        if (auto status = read_back(chunk, channels); !status) return status.error();
    }
    return channels;
}

GpuResult<InterpreterProgram*> GlesCppn::program_for(std::uint32_t slots) {
    const auto* size = std::find(std::begin(kSlotSizes), std::end(kSlotSizes), slots);
    auto& program = programs_[static_cast<std::size_t>(size - std::begin(kSlotSizes))];
    if (!program) {
        auto built = InterpreterProgram::build(context_, slots);
        if (!built) return built.error();
        program = *std::move(built);
    }
    return program.get();
}

GpuStatus GlesCppn::upload_network(const NetworkTable& table) {
    const std::size_t node_bytes = table.nodes.size() * sizeof(NetworkTable::Node);
    const std::size_t edge_bytes = table.edges.size() * sizeof(NetworkTable::Edge);
    if (auto status = nodes_.reserve(node_bytes); !status) return status;
    // A network without edges still needs a buffer behind its block.
    if (auto status = edges_.reserve(std::max(edge_bytes, sizeof(NetworkTable::Edge))); !status)
        return status;
    nodes_.upload(table.nodes.data(), node_bytes);
    edges_.upload(table.edges.data(), edge_bytes);
    return context_.check_errors("uploading the network");
}

GpuStatus GlesCppn::upload_inputs(const SignalSpec& spec, const Chunk& chunk) {
    e_.resize(chunk.count);
    x_.resize(chunk.count);
    // In double: formed in float32, the phase of a high note costs up to 70 dB.
    fill_inputs(spec, chunk.first, e_, x_);
    interleaved_.resize(std::size_t{chunk.count} * 2);
    for (std::size_t i = 0; i < chunk.count; ++i) {
        interleaved_[2 * i] = static_cast<float>(e_[i]);
        interleaved_[2 * i + 1] = static_cast<float>(x_[i]);
    }
    const std::size_t bytes = interleaved_.size() * sizeof(float);
    if (auto status = inputs_.reserve(bytes); !status) return status;
    inputs_.upload(interleaved_.data(), bytes);
    return context_.check_errors("uploading the inputs");
}

// Never glFinish: it has no deadline, and a context that hangs would take this thread with it.
GpuStatus GlesCppn::wait() {
    const auto& gl = context_.gl();
    gl.MemoryBarrier(GL_BUFFER_UPDATE_BARRIER_BIT);
    const GLsync fence = gl.FenceSync(GL_SYNC_GPU_COMMANDS_COMPLETE, 0);
    GLenum state = GL_WAIT_FAILED;
    if (fence) {
        const auto limit = std::chrono::duration_cast<std::chrono::nanoseconds>(options_.deadline);
        state = gl.ClientWaitSync(fence, GL_SYNC_FLUSH_COMMANDS_BIT, static_cast<GLuint64>(limit.count()));
    }
    // A lost context lets fences pass or fail as it likes, so the reset status is looked at first.
    if (const ResetKind reset = context_.poll_reset(); reset != ResetKind::None)
        return GpuError{GpuErrc::ContextLost, fmt::format("{} reset", name(reset)), reset};
    if (state == GL_TIMEOUT_EXPIRED)
        return GpuError{GpuErrc::Timeout,
                        fmt::format("a chunk took longer than {} ms", options_.deadline.count())};
    if (auto status = context_.check_errors("running the shader"); !status) return status;
    if (state == GL_WAIT_FAILED) return GpuError{GpuErrc::Driver, "waiting for the shader failed"};
    gl.DeleteSync(fence);
    return std::monostate{};
}

GpuStatus GlesCppn::read_back(const Chunk& chunk, Channels& channels) {
    const auto& gl = context_.gl();
    const std::size_t bytes = channels.size() * chunk.count * sizeof(float);
    gl.BindBuffer(GL_SHADER_STORAGE_BUFFER, samples_.id());
    const auto* mapped = static_cast<const float*>(
        gl.MapBufferRange(GL_SHADER_STORAGE_BUFFER, 0, static_cast<GLsizeiptr>(bytes), GL_MAP_READ_BIT));
    if (!mapped) {
        if (auto status = context_.check_errors("reading back"); !status) return status;
        return GpuError{GpuErrc::Driver, "reading back: nothing was mapped"};
    }
    bool finite = true;
    for (std::size_t k = 0; k < channels.size(); ++k) {
        const float* source = mapped + k * chunk.count;
        std::copy_n(source, chunk.count, channels[k].begin() + static_cast<std::ptrdiff_t>(chunk.first));
        finite =
            finite && std::all_of(source, source + chunk.count, [](float y) { return std::isfinite(y); });
    }
    const bool intact = gl.UnmapBuffer(GL_SHADER_STORAGE_BUFFER);
    if (auto status = context_.check_errors("reading back"); !status) return status;
    if (!intact) return GpuError{GpuErrc::Driver, "reading back: the buffer's contents were lost"};
    if (!finite) return GpuError{GpuErrc::BadResult, "NaN or infinity in an output"};
    return std::monostate{};
}

BackendInfo GlesCppn::info() const {
    return {.name = "gles", .device = context_.caps().renderer, .exact = false};
}

std::size_t GlesCppn::gpu_bytes() const {
    return samples_.bytes() + inputs_.bytes() + nodes_.bytes() + edges_.bytes();
}

Result<std::unique_ptr<CppnEvaluator>> make_gles_evaluator(const DeviceSelector& selector) {
    auto evaluator = GlesCppn::create(selector);
    if (!evaluator) return to_error(evaluator.error());
    return std::unique_ptr<CppnEvaluator>(*std::move(evaluator));
}

}  // namespace kpm::render
