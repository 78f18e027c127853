// `render-worker render` as it ships: a recorded genome to files, and what it says when it cannot.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ipc/base/json.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/command.h"
#include "tests/support/temp_dir.h"
#include "tests/support/ws_client.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::test;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPcmHeader = 44, kFloatHeader = 58;  // bytes before the samples

std::string read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) FAIL("cannot read " << path);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// A folder with a recorded genome, and the command in it.
struct Fixture {
    TempDir folder;

    Fixture() { write("genome.json", render::golden::read("genomes/s03_additive.json.gz")); }

    fs::path path(const std::string& name) const { return folder.path() / name; }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name), std::ios::binary) << text;
    }
    CommandResult render(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {real_worker(), "render"});
        return run_command(arguments, {}, folder.path().string());
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder.path()))
            names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }
    // Ends with 1, this line and the folder as it was.
    void check_refused(std::vector<std::string> arguments, const std::string& reason) const {
        INFO(reason);
        const auto before = files();
        const CommandResult result = render(std::move(arguments));
        CHECK(result.status == 1);
        CHECK(result.out.empty());
        CHECK(result.err == "render-worker: " + reason + "\n");
        CHECK(files() == before);
    }
};

std::vector<float> floats(const std::string& wav) {
    std::vector<float> samples((wav.size() - kFloatHeader) / sizeof(float));
    std::memcpy(samples.data(), wav.data() + kFloatHeader, samples.size() * sizeof(float));
    return samples;
}

}  // namespace

TEST_CASE("render command: a recorded genome becomes its sound and a plot", "[integration][render]") {
    const Fixture fixture;
    const auto result = fixture.render({"genome.json", "-o", "out.wav", "--plot", "out.svg", "--format",
                                        "float32", "--sample-rate", "16000", "--note-delta", "7"});
    CHECK(result.out.empty());
    REQUIRE(result.status == 0);
    CHECK(result.err.starts_with("out.wav: 1.000 s, peak "));
    CHECK(fixture.files() == std::vector<std::string>{"genome.json", "out.svg", "out.wav"});
    const auto expected = render::golden::read_floats("audio/s03_additive_pcmf32_sr16000_d1_nd7_v1.f32.gz");
    CHECK(render::golden::max_error(floats(read_file(fixture.path("out.wav"))), expected) <= 1e-5);
    CHECK(read_file(fixture.path("out.svg")).ends_with("</svg>\n"));
}

TEST_CASE("render command: a genome that is zipped gives the same sound", "[integration][render]") {
    const Fixture fixture;
    const std::vector<std::string> to_sound{"--format", "float32", "--sample-rate", "16000"};
    const auto sound = [&](const std::string& genome) {
        std::vector<std::string> words{genome, "-o", "out.wav"};
        words.insert(words.end(), to_sound.begin(), to_sound.end());
        REQUIRE(fixture.render(words).status == 0);
        return read_file(fixture.path("out.wav"));
    };
    REQUIRE(run_command({"gzip", "-k", fixture.path("genome.json")}).status == 0);
    CHECK(sound("genome.json.gz") == sound("genome.json"));
    const std::string zipped = read_file(fixture.path("genome.json.gz"));
    fixture.write("cut.json.gz", zipped.substr(0, zipped.size() / 2));
    fixture.check_refused({"cut.json.gz", "-o", "cut.wav"},
                          "cannot read 'cut.json.gz': cannot unzip 'genome': it ends too early");
}

TEST_CASE("render command: the options of a note reach the renderer", "[integration][render]") {
    const Fixture fixture;
    const auto sound = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"genome.json", "-o", "out.wav", "--format", "float32",
                                         "--sample-rate", "16000", "--duration", "0.5"});
        const auto result = fixture.render(options);
        CHECK(result.out.empty());
        REQUIRE(result.status == 0);
        return floats(read_file(fixture.path("out.wav")));
    };
    const auto check = [&](const std::string& recorded, const std::vector<std::string>& options) {
        INFO(recorded);
        const auto expected = render::golden::read_floats(recorded);
        CHECK(render::golden::max_error(sound(options), expected) <= 1e-5);
    };
    const std::string prefix = "audio/s03_additive_pcmf32_sr16000_d0.5_";
    check(prefix + "nd0_v0.5.f32.gz", {"--velocity", "0.5"});
    check(prefix + "nd0_v1_noinh.f32.gz", {"--no-inharmonicity"});
    check(prefix + "nd0_v1_rev.f32.gz", {"--reverse"});
    check(prefix + "nd7_v1_fall.f32.gz", {"--note-delta", "7", "--note-for-all"});
    check("../../unit/render/sounds/" + prefix + "nd0_v1_aa.f32.gz", {"--anti-aliasing"});

    const std::vector<float> part = sound({"--offset", "1000", "--count", "2000"});
    REQUIRE(part.size() == 8000);
    CHECK(std::any_of(part.begin(), part.begin() + 2000, [](float sample) { return sample != 0; }));
    CHECK(std::all_of(part.begin() + 2048, part.end(), [](float sample) { return sample == 0; }));
    CHECK(sound({"--note-ratio", "1.5", "1"}) != sound({}));

    const auto anti_aliased = sound({"--anti-aliasing"});
    CHECK(sound({"--quirk", "anti-aliasing-unreliable=off", "--anti-aliasing"}) == anti_aliased);
    CHECK(sound({"--quirk", "anti-aliasing-keeps-first-half=off", "--anti-aliasing"}) != anti_aliased);
    CHECK(sound({})[0] != 0);
    CHECK(sound({"--quirk", "edges-click=off", "--quirk", "surround-merger=off"})[0] == 0);
    fixture.check_refused(
        {"genome.json", "-o", "new.wav", "--quirk", "edges-click=never"},
        "cannot use '--quirk edges-click=never': expected edges-click=off or edges-click=on");
}

TEST_CASE("render command: a server has the quirks of its command line", "[integration][render]") {
    const std::string message = Json{
        {"type", "get_audio_data"},
        {"genomeString", Json::parse(render::golden::read("genomes/s03_additive.json.gz"))},
        {"duration", 0.1},
        {"sampleRate", 8000},
        {"antiAliasing", true}}.dump();
    const auto reply = [&](std::vector<std::string> options) {
        options.insert(options.begin(), {"--host", "127.0.0.1", "--port", "0", "--gpu", "off"});
        WorkerProcess worker(real_worker(), {.arguments = options});
        WsClient client(worker.port());
        REQUIRE(client.send(message));
        const auto received = client.receive();
        REQUIRE(received);
        return received->bytes;
    };
    CHECK_THAT(reply({}), Catch::Contains("anti-aliasing is not supported"));
    const std::string sound = reply({"--anti-aliasing"});
    CHECK(sound.size() == 1600);
    CHECK(reply({"--quirk", "anti-aliasing-unreliable=off"}) == sound);

    WorkerProcess refused(real_worker(), {.arguments = {"--port", "0", "--quirk", "none=off"}});
    CHECK(refused.wait_exit() == 1);
    CHECK_THAT(refused.read_errors(),
               Catch::StartsWith("render-worker: cannot use '--quirk none=off': expected one of negative-"));
    const CommandResult help = run_command({real_worker(), "--help"});
    CHECK_THAT(help.out, Catch::Contains("\n  edges-click\n      the gain that should fade"));
    CHECK_THAT(run_command({real_worker(), "render", "--help"}).out, Catch::Contains("\n  edges-click\n"));
    CHECK_THAT(run_command({real_worker(), "--man-page"}).out, Catch::Contains("edges\\-click"));
}

TEST_CASE("render command: the number of threads does not change the sound", "[integration][render]") {
    const Fixture fixture;
    fixture.write("many.json", render::golden::read("genomes/l01_noosc.json.gz"));
    const auto sound = [&](const std::vector<std::string>& threads) {
        std::vector<std::string> words{"many.json", "-o",         "out.wav", "--sample-rate",
                                       "16000",     "--duration", "0.2"};
        words.insert(words.end(), threads.begin(), threads.end());
        REQUIRE(fixture.render(words).status == 0);
        return read_file(fixture.path("out.wav"));
    };
    const std::string one = sound({"--render-threads", "1"});
    CHECK(sound({"--render-threads", "3"}) == one);
    CHECK(sound({}) == one);
    const auto refused = fixture.render({"many.json", "-o", "none.wav", "--render-threads", "0"});
    CHECK(refused.status == 1);
    CHECK_THAT(refused.err + refused.out, Catch::Contains("--render-threads"));
}

TEST_CASE("render command: samples are 16-bit unless told otherwise, and an existing file is replaced",
          "[integration][render]") {
    const Fixture fixture;
    fixture.write("real.wav", "old");
    REQUIRE(::chmod(fixture.path("real.wav").c_str(), 0640) == 0);
    fs::create_symlink("real.wav", fixture.path("out.wav"));
    REQUIRE(fixture.render({"genome.json", "-o", "out.wav", "--duration", "0.1", "--sample-rate", "8000"})
                .status == 0);
    CHECK(fs::is_symlink(fixture.path("out.wav")));
    CHECK(read_file(fixture.path("real.wav")).size() == kPcmHeader + 2 * 800);
    CHECK(fs::status(fixture.path("real.wav")).permissions() == fs::perms(0640));
    CHECK(fixture.render({"genome.json", "-o", "/dev/null", "--duration", "0.1"}).status == 0);
}

TEST_CASE("render command: - is standard output, for the sound or for the plot", "[integration][render]") {
    const Fixture fixture;
    const std::vector<std::string> note{"--duration", "0.1", "--sample-rate", "8000"};
    const auto render = [&](std::vector<std::string> targets) {
        targets.insert(targets.begin(), "genome.json");
        targets.insert(targets.end(), note.begin(), note.end());
        return fixture.render(targets);
    };
    REQUIRE(render({"-o", "file.wav", "--plot", "file.svg"}).status == 0);
    const auto files = fixture.files();

    CommandResult result = render({"-o", "-"});
    REQUIRE(result.status == 0);
    CHECK(result.out == read_file(fixture.path("file.wav")));
    CHECK(result.err.starts_with("standard output: 0.100 s, peak "));
    CHECK(fixture.files() == files);

    result = render({"-o", "-", "--plot", "new.svg"});
    REQUIRE(result.status == 0);
    CHECK(result.out == read_file(fixture.path("file.wav")));
    CHECK(read_file(fixture.path("new.svg")) == read_file(fixture.path("file.svg")));

    result = render({"-o", "new.wav", "--plot", "-"});
    REQUIRE(result.status == 0);
    CHECK(result.out == read_file(fixture.path("file.svg")));
    CHECK(read_file(fixture.path("new.wav")) == read_file(fixture.path("file.wav")));

    REQUIRE(render({"-o", "./-"}).status == 0);
    CHECK(read_file(fixture.path("-")) == read_file(fixture.path("file.wav")));

    fixture.check_refused({"genome.json", "-o", "-", "--plot", "-"},
                          "cannot write 'standard output': it cannot be the sound and the plot");
    fixture.check_refused({"genome.json", "-o", "-", "--plot", "none/out.svg"},
                          "cannot write 'none/out.svg': No such file or directory");
}

TEST_CASE("render command: a sound does not go to a terminal, nor to a full device",
          "[integration][render]") {
    const Fixture fixture;
    const auto run = [&](std::vector<std::string> before, std::vector<std::string> targets) {
        before.insert(before.end(), {real_worker(), "render", "genome.json", "--duration", "0.1"});
        before.insert(before.end(), targets.begin(), targets.end());
        return run_command(before, {}, fixture.folder.path().string());
    };
    // script(1) gives its command a terminal.
    const std::vector<std::string> on_terminal{
        "sh", "-c", "exec script --quiet --return --command \"$*\" /dev/null", "sh"};
    CommandResult result = run(on_terminal, {"-o", "-"});
    CHECK(result.status == 1);
    CHECK(result.out ==
          "render-worker: cannot write 'standard output': it is a terminal, which cannot take a WAV "
          "file\r\n");
    // The plot is text.
    result = run(on_terminal, {"-o", "out.wav", "--plot", "-"});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Catch::Contains("</svg>"));

    result = run({"sh", "-c", "exec \"$@\" > /dev/full", "sh"}, {"-o", "-", "--plot", "new.svg"});
    CHECK(result.status == 1);
    CHECK(result.err == "render-worker: cannot write 'standard output': No space left on device\n");
    CHECK(fixture.files() == std::vector<std::string>{"genome.json", "out.wav"});
}

TEST_CASE("render command: a file that may be written but not replaced is overwritten",
          "[integration][render]") {
    const Fixture fixture;
    const std::string old(10'000, 'o');
    fixture.write("out.wav", old);
    const std::vector<std::string> note{real_worker(), "render", "genome.json",   "-o",  "out.wav",
                                        "--duration",  "0.1",    "--sample-rate", "8000"};
    // `before` runs note and has made such a file of out.wav.
    const auto check_overwritten = [&](std::vector<std::string> before) {
        fixture.write("out.wav", old);
        struct stat was {
        }, is{};
        REQUIRE(::stat(fixture.path("out.wav").c_str(), &was) == 0);
        before.insert(before.end(), note.begin(), note.end());
        const CommandResult result = run_command(before, {}, fixture.folder.path().string());
        INFO(result.err);
        REQUIRE(result.status == 0);
        REQUIRE(::stat(fixture.path("out.wav").c_str(), &is) == 0);
        CHECK(is.st_ino == was.st_ino);
        CHECK(read_file(fixture.path("out.wav")).size() == kPcmHeader + 2 * 800);
        CHECK(fixture.files() == std::vector<std::string>{"genome.json", "out.wav"});
    };

    // A mount of its own, in a folder that can be written and in one that cannot.
    std::vector<std::string> mounted{"unshare", "--mount"};
    if (::geteuid() != 0) mounted.insert(mounted.end(), {"--user", "--map-root-user"});
    mounted.insert(mounted.end(), {"sh", "-ec"});
    std::vector<std::string> read_only = mounted;
    const std::string mount = "mount --bind out.wav out.wav\n";
    mounted.insert(mounted.end(), {mount + "exec \"$@\"", "sh"});
    read_only.insert(read_only.end(), {mount + "mount --rbind . .\n"
                                               "cd \"$PWD\"\n"
                                               "mount -o remount,bind,ro .\n"
                                               "exec \"$@\"",
                                       "sh"});
    check_overwritten(mounted);
    check_overwritten(read_only);

    // The user's file in a folder that is not the user's to change. Root has no rights beyond the modes here.
    std::vector<std::string> powerless;
    if (::geteuid() == 0) powerless = {"setpriv", "--inh-caps=-all", "--bounding-set=-all"};
    fs::permissions(fixture.folder.path(), fs::perms{0555});
    check_overwritten(powerless);
    fixture.write("out.wav", old);
    powerless.insert(powerless.end(), note.begin(), note.end());
    powerless.insert(powerless.end(), {"--plot", "out.svg"});
    const CommandResult refused = run_command(powerless, {}, fixture.folder.path().string());
    fs::permissions(fixture.folder.path(), fs::perms{0755});
    CHECK(refused.err == "render-worker: cannot write 'out.svg': Permission denied\n");
    CHECK(read_file(fixture.path("out.wav")) == old);
}

TEST_CASE("render command: what cannot be read, rendered or written is named, and nothing is left",
          "[integration][render]") {
    const Fixture fixture;
    fixture.write("text.json", "{\"a\": nothing}");
    fixture.write("number.json", "17");
    fixture.write("object.json", "{}");
    fixture.write("keep.wav", "old");
    fs::create_directory(fixture.path("folder"));
    fixture.check_refused({"none.json", "-o", "out.wav"},
                          "cannot read 'none.json': No such file or directory");
    fixture.check_refused({"folder", "-o", "out.wav"}, "cannot read 'folder': Is a directory");
    fixture.check_refused({"text.json", "-o", "out.wav"}, "cannot read 'text.json': not JSON at byte 8");
    fixture.check_refused({"number.json", "-o", "out.wav"}, "cannot read genome: genome: not an object");
    fixture.check_refused({"object.json", "-o", "out.wav"}, "cannot read genome: asNEATPatch: missing");
    fixture.check_refused({"genome.json", "-o", "none/out.wav"},
                          "cannot write 'none/out.wav': No such file or directory");
    fixture.check_refused({"genome.json", "-o", "folder"}, "cannot write 'folder': Is a directory");
    fixture.check_refused({"genome.json", "-o", "keep.wav", "--plot", "none/out.svg"},
                          "cannot write 'none/out.svg': No such file or directory");
    CHECK(read_file(fixture.path("keep.wav")) == "old");
    fixture.check_refused({"genome.json", "-o", "out.wav", "--duration", "-1"},
                          "cannot render 'genome': duration -1 is not from 0 to 600 seconds");
    fixture.check_refused({"genome.json", "-o", "out.wav", "--gpu", "blue"},
                          "cannot select gpu 'blue': expected auto, software, cpu, off, none, a PCI address "
                          "(0000:41:00.0), a UUID or a render node (/dev/dri/renderD128)");
}
