// The sums of all channels that the reference's render server sends with `legacyBatch`, from a request as its
// clients write it.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"
#include "render-worker/server/render_protocol.h"
#include "tests/unit/render/golden.h"
#include "tests/unit/render/stored_noise.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const CancelFlag kNeverCancelled{false};

// The task that is made of it, at the rate of the recording: the server's own is 48 kHz.
RenderTask legacy_task(const RenderProtocol& protocol, const golden::GenomeEntry& entry,
                       const golden::Rendering& recorded) {
    const Json message = {{"type", "render"},
                          {"genome", golden::read_json(entry.file)},
                          {"duration", recorded.request.duration},
                          {"legacyBatch", true}};
    auto read = protocol.read(message.dump());
    if (const Reply* reply = std::get_if<Reply>(&read)) FAIL(reply->messages.front().bytes);
    auto& task = std::get<RenderTask>(read);
    task.request.sample_rate = recorded.request.sample_rate;
    return std::move(task);
}

std::vector<float> samples_of(const Reply& reply) {
    REQUIRE(reply.messages.size() == 3);
    const std::string& bytes = reply.messages[1].bytes;
    std::vector<float> samples(bytes.size() / sizeof(float));
    std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
    return samples;
}

}  // namespace

// s09 is the one to doubt on another machine: it is faded only if a convolver's FFT leaves its first sample
// other than exactly 0.
TEST_CASE("render protocol: a legacy batch sounds like the reference", "[unit][render_server]") {
    const RenderProtocol protocol;
    std::size_t compared = 0;
    for (const auto& entry : golden::genomes()) {
        for (const auto& recorded : entry.renderings) {
            if (recorded.legacy_file.empty()) continue;
            INFO(entry.id << ": " << recorded.label());
            const RenderTask task = legacy_task(protocol, entry, recorded);
            CpuCppn cppn;
            golden::StoredNoise noise(recorded);
            const auto sound = Renderer(cppn, {}, &noise).render(task.genome, task.request, kNeverCancelled);
            REQUIRE(sound);
            const std::vector<float> sent = samples_of(protocol.sound(task, *sound));
            const std::vector<float> expected = golden::read_floats(recorded.legacy_file);
            CHECK(golden::max_error(sent, expected) <= 1e-5);
            ++compared;
        }
    }
    CHECK(compared == 25);
}
