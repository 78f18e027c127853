// The reference's sounds come out of the balanced port of two render workers, in every condition that is
// stored.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "ipc/base/json.h"
#include "ipc/client.h"
#include "tests/support/kpm_home.h"
#include "tests/support/ws_client.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::test;
namespace golden = kpm::render::golden;

namespace {

constexpr int kWorkers = 2;
constexpr double kTolerance = 1e-5;

bool is_compared(std::string_view genome) {
    return std::ranges::any_of(std::array{"s01_", "s02_", "s03_", "s04_", "s11_"},
                               [&](const char* prefix) { return genome.starts_with(prefix); });
}

std::string message(const std::string& genome, const render::RenderRequest& request) {
    Json note = request.note_delta;
    if (request.note_ratio) note = {{"r1", request.note_ratio->first}, {"r2", request.note_ratio->second}};
    return Json{{"type", "get_audio_data"},
                {"genomeString", genome},
                {"duration", request.duration},
                {"noteDelta", note},
                {"velocity", request.velocity},
                {"reverse", request.reverse},
                {"antiAliasing", request.anti_aliasing},
                {"useGPU", false},
                {"useOvertoneInharmonicityFactors", request.use_overtone_inharmonicity_factors},
                {"frequencyUpdatesApplyToAllPathcNetworkOutputs", request.frequency_updates_apply_to_all},
                {"sampleRate", request.sample_rate}}
        .dump();
}

int pcm(double sample) {
    return static_cast<int>(std::floor(std::clamp(sample, -1.0, 1.0) * 32767 + 0.5));
}

int pcm_at(const std::string& bytes, std::size_t i) {
    return static_cast<signed char>(bytes[2 * i + 1]) * 256 + static_cast<unsigned char>(bytes[2 * i]);
}

struct Deviation {
    int steps = 0;            // the largest, of 16-bit samples
    std::size_t outside = 0;  // samples that nothing within the tolerance of the reference is rounded to
};

Deviation compare(const std::string& bytes, const std::vector<float>& expected) {
    Deviation deviation;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const int got = pcm_at(bytes, i);
        deviation.steps = std::max(deviation.steps, std::abs(got - pcm(expected[i])));
        if (got < pcm(expected[i] - kTolerance) || got > pcm(expected[i] + kTolerance)) ++deviation.outside;
    }
    return deviation;
}

struct Port {
    KpmHome kpm;
    std::uint16_t number = static_cast<std::uint16_t>(free_port());

    Port() {
        kpm.write("ecosystem.json", Json{{"apps",
                                          {{{"name", "render"},
                                            {"script", (bin_dir() / "render-worker").string()},
                                            {"exec_mode", "cluster"},
                                            {"instances", kWorkers},
                                            {"kpm_channel", true},
                                            {"gpu", "none"},
                                            {"listen_timeout", 60000},
                                            {"listen", {"127.0.0.1:" + std::to_string(number)}}}}}}
                                        .dump());
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
    // Of a connection of its own each, so that the balancer chooses for each.
    std::vector<WsMessage> ask(const std::string& request, std::size_t replies) const {
        WsClient client(number);
        std::vector<WsMessage> got;
        if (!client.send(request)) return got;
        while (got.size() < replies) {
            auto reply = client.receive();
            if (!reply) break;
            got.push_back(std::move(*reply));
        }
        client.close();
        return got;
    }
    // How many connections each worker was given.
    std::vector<std::uint64_t> connections() const {
        auto client = ipc::Client::connect(ipc::Home(kpm.home()));
        REQUIRE(client);
        const auto workers = client->call("kpm.workers");
        REQUIRE(workers);
        std::vector<std::uint64_t> handed;
        for (const Json& worker : *workers) handed.push_back(worker.at("handed"));
        return handed;
    }
};

}  // namespace

TEST_CASE("golden port: genomes sound like the reference in every stored condition", "[e2e]") {
    const Port port;
    std::size_t compared = 0, refused = 0;
    for (const auto& entry : golden::genomes()) {
        if (!is_compared(entry.id)) continue;
        const std::string genome = golden::read(entry.file);
        for (const auto& rendering : entry.renderings) {
            INFO(entry.id << ": " << rendering.label());
            const std::string request = message(genome, rendering.request);
            if (rendering.final_file.empty()) {
                // The one condition whose sound is not kept: the reference's anti-aliasing is broken.
                const auto replies = port.ask(request, 2);
                REQUIRE(replies.size() == 2);
                CHECK(replies[0].bytes.find("anti-aliasing is not supported") != std::string::npos);
                CHECK(replies[1].bytes.empty());
                ++refused;
                continue;
            }
            const auto replies = port.ask(request, 1);
            REQUIRE(replies.size() == 1);
            REQUIRE_FALSE(replies[0].text);
            const auto expected = golden::read_floats(rendering.final_file);
            REQUIRE(replies[0].bytes.size() == expected.size() * 2);
            const Deviation deviation = compare(replies[0].bytes, expected);
            CHECK(deviation.steps <= 1);
            CHECK(deviation.outside == 0);
            ++compared;
        }
    }
    CHECK(compared == 26);
    CHECK(refused == 1);

    const auto handed = port.connections();
    REQUIRE(handed.size() == kWorkers);
    for (const auto count : handed) CHECK(count > 0);
    CHECK(handed[0] + handed[1] == compared + refused);
}
