// The real worker on Mesa's software renderer, behind an EGL library that injects the faults of a GPU.
#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/software_worker.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::test;

namespace {

// Where an order for the library can be put, see tests/support/faulty_egl.cpp.
class FaultyEgl {
public:
    std::vector<std::string> environment() const {
        return {std::string("LD_LIBRARY_PATH=") + KPM_FAULTY_EGL, "FAULTY_EGL_ORDER=" + order()};
    }
    void order_fault(const std::string& fault) const {
        std::ofstream(order() + ".new") << fault;
        std::filesystem::rename(order() + ".new", order());
    }

private:
    std::string order() const { return (directory_.path() / "order").string(); }
    TempDir directory_;
};

}  // namespace

TEST_CASE("gpu loss: the job is answered as retryable, then the worker ends with the code of the fault",
          "[integration][render_server]") {
    struct Case {
        const char* fault;
        int exit_code;
        const char* reason;
    };
    const auto [fault, exit_code, reason] = GENERATE(values<Case>({
        {"guilty", 75, "cannot use gpu: context lost: guilty reset"},
        {"innocent", 75, "cannot use gpu: context lost: innocent reset"},
        {"unknown", 75, "cannot use gpu: context lost: unknown reset"},
        {"hang", 76, "cannot use gpu: deadline passed: a chunk took longer than 10000 ms"},
        {"memory", 71, "cannot use gpu: out of memory: allocating 4096 bytes"},
    }));
    INFO(fault);
    const FaultyEgl egl;
    WorkerProcess worker(real_worker(), on_software({"--drain-idle", "50"}, egl.environment()));
    WsClient client(worker.port());
    WsClient other(worker.port());
    if (exit_code != 71) {  // its buffers are there then
        REQUIRE(client.send(sound_request()));
        REQUIRE(receive_sound(client) == 3200);
    }
    egl.order_fault(fault);
    REQUIRE(client.send(sound_request()));
    const auto answer = client.receive();
    REQUIRE(answer);
    CHECK(Json::parse(answer->bytes) == Json{{"type", "error"}, {"message", reason}, {"retryable", true}});
    CHECK(client.receive()->bytes.empty());
    CHECK(client.wait_close() == 1001);
    CHECK(other.wait_close() == 1001);
    CHECK(worker.wait_exit() == exit_code);
    CHECK(worker.read_errors() == "render-worker: " + std::string(reason) + "\n");
}

TEST_CASE("gpu loss: a device that was asked for and cannot be had ends the worker with 69",
          "[integration][render_server]") {
    const TempDir directory;
    std::ofstream(directory.path() / "libEGL.so.1").flush();
    const std::array<std::pair<std::string, const char*>, 3> absences = {
        {{"LD_LIBRARY_PATH=" + directory.path().string(), "cannot use gpu: no loader: "},
         {"__EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent", "cannot use gpu: no driver: "},
         {"LIBGL_DRIVERS_PATH=/nonexistent", "cannot use gpu: no driver: "}}};
    for (const auto& [variable, reason] : absences) {
        INFO(variable);
        WorkerProcess worker(real_worker(), on_software({"--drain-idle", "50"}, {variable}));
        CHECK_THAT(worker.read_errors(), Catch::Contains(std::string("render-worker: ") + reason));
        CHECK(worker.wait_exit() == 69);
    }
}

TEST_CASE("gpu loss: what the CPU renders does not need the device", "[integration][render_server]") {
    const FaultyEgl egl;
    WorkerProcess worker(real_worker(), on_software({"--drain-idle", "50"}, egl.environment()));
    WsClient client(worker.port());
    egl.order_fault("guilty");
    REQUIRE(client.send(sound_request(false)));
    CHECK(receive_sound(client) == 3200);
    client.close();
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
}

TEST_CASE("gpu loss: a driver without robustness and ES 3.2 serves as well", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_software({"--drain-idle", "50"}, {"GALLIUM_DRIVER=softpipe"}));
    CHECK_THAT(worker.read_line(), Catch::Contains("softpipe"));
}
