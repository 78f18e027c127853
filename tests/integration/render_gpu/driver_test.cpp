#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "ipc/base/json.h"
#include "ipc/base/text.h"
#include "tests/support/temp_dir.h"

using namespace kpm;

namespace {

struct Outcome {
    int status = -1;  // exit status; 124 when the time limit of a minute passed
    std::string out;
    Json first_line() const { return Json::parse(out.substr(0, out.find('\n'))); }
};

// Runs gpu_child with variables ("A=b C=d") set in its environment.
Outcome run(const std::string& variables, const std::string& arguments) {
    const std::string command = "exec env " + variables + " timeout 60 " KPM_GPU_CHILD " " + arguments;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe);
    Outcome outcome;
    char buffer[4096];
    for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;)
        outcome.out.append(buffer, got);
    const int status = pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

}  // namespace

TEST_CASE("driver: Mesa's software renderer works when it is asked for", "[integration][render_gpu]") {
    const Outcome outcome = run("", "render software");
    REQUIRE(outcome.status == 0);
    const Json line = outcome.first_line();
    CHECK(line["software"] == true);
    CHECK(line["robust"] == true);
    CHECK(line["precise"] == true);
    CHECK(line["worst"].get<double>() <= 5e-4);
}

TEST_CASE("driver: auto never ends on a software renderer", "[integration][render_gpu]") {
    const Outcome outcome = run("", "render auto");
    if (outcome.status == 0) {
        CHECK(outcome.first_line()["software"] == false);
    } else {
        CHECK(outcome.status == 69);
        CHECK(outcome.first_line()["error"] == "no device");
    }
}

TEST_CASE("driver: without robustness and ES 3.2 the other shader is used", "[integration][render_gpu]") {
    const Outcome outcome = run("GALLIUM_DRIVER=softpipe", "render software");
    REQUIRE(outcome.status == 0);
    const Json line = outcome.first_line();
    CHECK(line["es"] == "3.1");
    CHECK(line["robust"] == false);
    CHECK(line["precise"] == false);
    CHECK(line["worst"].get<double>() <= 5e-4);
}

TEST_CASE("driver: a device that is not there is 69, no device", "[integration][render_gpu]") {
    for (const char* selector :
         {"pci:ffff:ff:1f.7", "GPU-00000000-0000-0000-0000-00000000abcd", "/dev/dri/renderD9999"}) {
        INFO(selector);
        const Outcome outcome = run("", std::string("render ") + selector);
        CHECK(outcome.status == 69);
        CHECK(outcome.first_line()["error"] == "no device");
    }
}

TEST_CASE("driver: no vendor library is 69, no driver", "[integration][render_gpu]") {
    const Outcome outcome = run("__EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent", "render software");
    CHECK(outcome.status == 69);
    CHECK(outcome.first_line()["error"] == "no driver");
}

TEST_CASE("driver: a vendor file that names a missing library is 69, no driver",
          "[integration][render_gpu]") {
    const TempDir directory;
    const auto file = directory.path() / "10_vendor.json";
    std::ofstream(file) << R"({"file_format_version":"1.0.0","ICD":{"library_path":"libEGL_absent.so.0"}})";
    const Outcome outcome = run("__EGL_VENDOR_LIBRARY_FILENAMES=" + file.string(), "render software");
    CHECK(outcome.status == 69);
    CHECK(outcome.first_line()["error"] == "no driver");
}

TEST_CASE("driver: no driver module is 69, no driver", "[integration][render_gpu]") {
    const Outcome outcome = run("LIBGL_DRIVERS_PATH=/nonexistent", "render software");
    CHECK(outcome.status == 69);
    CHECK(outcome.first_line()["error"] == "no driver");
}

TEST_CASE("driver: no EGL library is 69, no loader", "[integration][render_gpu]") {
    const TempDir directory;
    std::ofstream(directory.path() / "libEGL.so.1").flush();
    const Outcome outcome = run("LD_LIBRARY_PATH=" + directory.path().string(), "render software");
    CHECK(outcome.status == 69);
    CHECK(outcome.first_line()["error"] == "no loader");
}

TEST_CASE("driver: a context is refused after fork, at once", "[integration][render_gpu]") {
    CHECK(run("", "fork").status == 0);
}

TEST_CASE("driver: memory stays flat over 200 evaluations", "[integration][render_gpu]") {
    // The sanitizer keeps freed memory aside, which would hide the answer.
    const Outcome outcome =
        run("ASAN_OPTIONS=quarantine_size_mb=0:thread_local_quarantine_size_kb=0", "memory");
    REQUIRE(outcome.status == 0);
    CHECK(outcome.first_line()["growth"].get<long>() < 2048);
}

TEST_CASE("probe: every device has a line that tells what it can do", "[integration][render_gpu]") {
    const Outcome outcome = run("", "probe");
    REQUIRE(outcome.status == 0);
    bool software_seen = false;
    for (std::string_view text : split(trim(outcome.out), '\n')) {
        const Json line = Json::parse(text);
        for (const char* key : {"pci", "uuid", "render_node", "software"}) CHECK(line.contains(key));
        if (!line["software"].get<bool>()) continue;
        software_seen = true;
        CHECK_FALSE(line["renderer"].get<std::string>().empty());
        CHECK(line["es"] == "3.2");
        CHECK(line["robust"] == true);
    }
    CHECK(software_seen);
}

TEST_CASE("probe: without a driver it tells so and ends well", "[integration][render_gpu]") {
    const Outcome none = run("__EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent", "probe");
    CHECK(none.status == 0);
    CHECK(none.first_line()["error"] == "no driver");

    const Outcome broken = run("LIBGL_DRIVERS_PATH=/nonexistent", "probe");
    CHECK(broken.status == 0);
    CHECK(broken.first_line()["error"] == "no driver");
    CHECK(broken.first_line().contains("pci"));
}
