// The programs as they ship: render-worker with its renderer on the CPU, and render-client.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::test;

namespace {

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) FAIL("cannot read " << path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string additive_genome() {
    return render::golden::read("genomes/s03_additive.json.gz");
}

std::vector<std::int16_t> expected_pcm() {
    std::vector<std::int16_t> pcm;
    for (const float sample :
         render::golden::read_floats("audio/s03_additive_pcmf32_sr16000_d1_nd0_v1.f32.gz"))
        pcm.push_back(static_cast<std::int16_t>(std::floor(std::clamp(sample, -1.0f, 1.0f) * 32767.0 + 0.5)));
    return pcm;
}

std::string request(const Json& genome, double duration = 1) {
    return Json{{"type", "get_audio_data"},
                {"genomeString", genome},
                {"duration", duration},
                {"noteDelta", 0},
                {"velocity", 1},
                {"reverse", false},
                {"useGPU", false},
                {"useOvertoneInharmonicityFactors", true},
                {"sampleRate", 16000}}
        .dump();
}

WorkerProcess::Options on_cpu(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--host", "127.0.0.1", "--port", "0", "--gpu", "off"});
    return {.arguments = std::move(more)};
}

int largest_difference(const std::string& bytes, const std::vector<std::int16_t>& expected) {
    std::vector<std::int16_t> got(bytes.size() / 2);
    std::memcpy(got.data(), bytes.data(), got.size() * 2);
    if (got.size() != expected.size()) return 65536;
    int largest = 0;
    for (std::size_t i = 0; i < got.size(); ++i) largest = std::max(largest, std::abs(got[i] - expected[i]));
    return largest;
}

}  // namespace

TEST_CASE("render worker: a rendered genome is the reference's sound", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    WsClient client(worker.port());
    const std::vector<std::int16_t> expected = expected_pcm();
    REQUIRE(expected.size() == 16000);
    for (const Json& genome : {Json(additive_genome()), Json::parse(additive_genome())}) {
        REQUIRE(client.send(request(genome)));
        const auto sound = client.receive();
        REQUIRE(sound);
        REQUIRE_FALSE(sound->text);
        CHECK(largest_difference(sound->bytes, expected) <= 1);
    }
}

TEST_CASE("render worker: bad genomes are named and the worker stays", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    WsClient client(worker.port());
    REQUIRE(client.send(request("{}")));
    CHECK_THAT(receive_failure(client), Catch::StartsWith("cannot "));
    REQUIRE(client.send(request("no json at all")));
    CHECK_THAT(receive_failure(client), Catch::StartsWith("cannot "));

    // A node type that nobody knows, in a genome that is sound otherwise.
    Json genome = Json::parse(additive_genome());
    std::string patch = genome["genome"]["asNEATPatch"].get<std::string>();
    const std::size_t name = patch.find("AdditiveNode");
    REQUIRE(name != std::string::npos);
    patch.replace(name, 12, "TeapotNode12");
    genome["genome"]["asNEATPatch"] = patch;
    REQUIRE(client.send(request(genome)));
    CHECK_THAT(receive_failure(client), Catch::Contains("TeapotNode12"));

    REQUIRE(client.send(request(additive_genome(), 0.1)));
    CHECK(receive_sound(client) == 3200);
}

TEST_CASE("render worker: a client that leaves stops a long render", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    HttpClient http(worker.port());
    WsClient leaver(worker.port());
    REQUIRE(leaver.send(request(additive_genome(), 600)));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    CHECK(http.get("/health")->status == 200);
    leaver.abort();
    CHECK(eventually([&] { return jobs(http) == 0; }));
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
}

TEST_CASE("render worker: the port comes from the command line, then from PORT",
          "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    const std::string port = std::to_string(worker.port());
    const std::string expected =
        "render-worker: cannot listen on '127.0.0.1:" + port + "': Address already in use\n";
    WorkerProcess second(real_worker(),
                         {.arguments = {"--host", "127.0.0.1", "--port", port, "--gpu", "off"}});
    CHECK(second.read_errors() == expected);
    CHECK(second.wait_exit() == 1);
    WorkerProcess third(
        real_worker(), {.arguments = {"--host", "127.0.0.1"}, .environment = {"PORT=" + port, "RW_GPU=off"}});
    CHECK(third.read_errors() == expected);
    CHECK(third.wait_exit() == 1);
}

TEST_CASE("render worker: it says what it is and refuses what it does not know",
          "[integration][render_server]") {
    WorkerProcess version(real_worker(), {.arguments = {"--version"}});
    CHECK(version.read_line() == "render-worker " KPM_VERSION);
    CHECK(version.wait_exit() == 0);
    WorkerProcess wrong(real_worker(), {.arguments = {"--gpu", "the-big-one", "--port", "0"}});
    CHECK_THAT(wrong.read_errors(), Catch::Contains("the-big-one"));
    CHECK(wrong.wait_exit() == 1);
    WorkerProcess ready(real_worker(), on_cpu());
    CHECK_THAT(ready.read_line(),
               Catch::StartsWith("render-worker listening on 127.0.0.1:") && Catch::EndsWith("(cpu)"));
}

TEST_CASE("render worker: it writes its address where kromosynth's evaluation looks for it",
          "[integration][render_server]") {
    TempDir directory;
    const std::string file = (directory.path() / "host-").string();
    WorkerProcess worker(real_worker(), {.arguments = on_cpu({"--hostInfoFilePath", file}).arguments,
                                         .environment = {"pm_id=2"}});
    const std::string port = std::to_string(worker.port());
    CHECK_THAT(read_file(file + "3"), Catch::EndsWith(":" + port) && !Catch::StartsWith(":"));
    WorkerProcess failing(real_worker(), on_cpu({"--host-info-file", "/nowhere/host"}));
    CHECK_THAT(failing.read_errors(), Catch::StartsWith("render-worker: cannot write '/nowhere/host"));
    CHECK(failing.wait_exit() == 1);
}

TEST_CASE("render client: it writes what the worker renders", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    TempDir directory;
    const std::string wav = (directory.path() / "sound.wav").string();
    const std::string genome = (directory.path() / "genome.json").string();
    std::ofstream(genome) << additive_genome();
    const std::string url = "ws://127.0.0.1:" + std::to_string(worker.port());
    WorkerProcess client(render_client(),
                         {.arguments = {genome, "--url", url, "--sample-rate", "16000", "-o", wav}});
    CHECK_THAT(client.read_line(), Catch::StartsWith(wav + ": 1.000 s, peak "));
    CHECK(client.wait_exit() == 0);
    const std::string bytes = read_file(wav);
    REQUIRE(bytes.size() == 44 + 32000);
    CHECK(largest_difference(bytes.substr(44), expected_pcm()) <= 1);
}

TEST_CASE("render client: what goes wrong is an error with a reason", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_cpu());
    const std::string url = "ws://127.0.0.1:" + std::to_string(worker.port());
    TempDir directory;
    const std::string empty = (directory.path() / "empty.json").string();
    std::ofstream(empty) << "{}";
    const std::string wav = (directory.path() / "sound.wav").string();

    WorkerProcess refused(render_client(), {.arguments = {empty, "--url", url, "-o", wav}});
    CHECK_THAT(refused.read_errors(), Catch::StartsWith("error: cannot render on '" + url + "': cannot "));
    CHECK(refused.wait_exit() == 1);

    WorkerProcess missing(render_client(), {.arguments = {"/nowhere.json", "--url", url, "-o", wav}});
    CHECK(missing.read_errors() == "error: cannot read '/nowhere.json': No such file or directory\n");
    CHECK(missing.wait_exit() == 1);

    worker.signal(SIGTERM);
    REQUIRE(worker.wait_exit() == 0);
    WorkerProcess alone(render_client(), {.arguments = {empty, "--url", url, "-o", wav}});
    CHECK(alone.read_errors() == "error: cannot reach '" + url + "': Connection refused\n");
    CHECK(alone.wait_exit() == 1);
}
