#include <algorithm>

#include <catch2/catch.hpp>

#include "ipc/base/json.h"
#include "render-worker/genome/genome.h"
#include "tests/integration/render_gpu/gpu_fixture.h"
#include "tests/integration/render_gpu/parity.h"
#include "tests/integration/render_gpu/random_network.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const CancelFlag kNotCancelled{false};

const NetworkOutput& used_by(const std::vector<NetworkOutput>& outputs, const golden::Channel& channel) {
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&](const NetworkOutput& output) {
        return output.kind == SignalKind::Network && output.index == channel.output &&
               output.frequency == Approx(channel.frequency).epsilon(1e-14);
    });
    REQUIRE(found != outputs.end());
    return *found;
}

// The signal `index` of a file that holds one after the other.
std::vector<float> stored_signal(const std::vector<float>& file, std::size_t index, std::size_t frames) {
    const auto begin = file.begin() + static_cast<std::ptrdiff_t>(index * frames);
    return {begin, begin + static_cast<std::ptrdiff_t>(frames)};
}

}  // namespace

TEST_CASE("gpu: every stored channel of the reference is reproduced closely", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    std::size_t compared = 0;
    for (const auto& entry : golden::genomes()) {
        const auto genome = parse_genome(golden::read_json(entry.file));
        INFO(entry.id);
        REQUIRE(genome);
        for (const auto& rendering : entry.renderings) {
            if (rendering.cppn_file.empty()) continue;
            INFO(rendering.label());
            const auto stored = golden::read_floats(rendering.cppn_file);
            const auto outputs = network_outputs(genome->patch, rendering.pitch());
            REQUIRE(outputs);
            for (std::size_t c = 0; c < rendering.channels.size(); ++c) {
                const auto& channel = rendering.channels[c];
                INFO("output " << channel.output << " at " << channel.frequency << " Hz");
                SignalSpec spec = signal(rendering.cppn_frames, rendering.request.sample_rate);
                spec.frequency = channel.frequency;
                spec.velocity = rendering.request.velocity;
                const auto& program =
                    genome->network.for_frequency(used_by(*outputs, channel).base_frequency);
                const std::vector<std::uint32_t> wanted = {channel.output};
                const auto signals = gpu->evaluate(program, wanted, spec, kNotCancelled);
                if (program.recurrent) {
                    REQUIRE_FALSE(signals);
                    CHECK(signals.error().code == ErrorCode::Invalid);
                    continue;
                }
                REQUIRE(signals);
                check_close(distance(signals->front(), stored_signal(stored, c, rendering.cppn_frames)),
                            has_jumps(program));
                ++compared;
            }
        }
    }
    CHECK(compared >= 150);
}
