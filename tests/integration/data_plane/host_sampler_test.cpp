#include "daemon/io/host_sampler.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "tests/support/run_loop.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;

namespace {

Json ask(Loop& loop, HostSampler& sampler) {
    Json answer;
    sampler.ask([&](Json data) { answer = std::move(data); });
    REQUIRE(run_until(loop, [&] { return !answer.is_null(); }));
    return answer;
}

}  // namespace

TEST_CASE("host sampler: this machine's figures, and nothing on the loop while nobody asks",
          "[integration][metrics]") {
    const TempDir home;
    Loop loop;
    HostSampler sampler(loop, ipc::Home{home.path()});
    CHECK_FALSE(loop.run_once());
    const Json data = ask(loop, sampler);
    INFO(data.dump(2));
    CHECK(data.at("CPU Usage").at("value") >= 0);
    CHECK(data.at("CPU Usage").at("value") <= 100);
    CHECK(data.at("RAM Total").at("value") > data.at("RAM Available").at("value"));
    CHECK(data.contains("net:rx_5:lo"));
    CHECK(data.at("fs:use:/").at("value") > 0);
    CHECK(ask(loop, sampler).size() == data.size());
    CHECK_FALSE(loop.run_once());
}

TEST_CASE("host sampler: who asks once more gets the figures of the time since the first question",
          "[integration][metrics]") {
    const TempDir home;
    Loop loop;
    HostSampler sampler(loop, ipc::Home{home.path()});
    int answers = 0;
    const auto count = [&](const Json& data) { answers += data.contains("CPU Usage"); };
    sampler.ask(count);
    // Time passes, which the figures are of, on another loop.
    Loop other;
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(run_until(other, [&] { return std::chrono::steady_clock::now() - begin > 50ms; }));
    sampler.ask(count);
    CHECK(answers == 2);  // at once: its loop has not turned
    CHECK_FALSE(loop.run_once());
    CHECK(answers == 2);
}

TEST_CASE("host sampler: can be switched off and on by a setting", "[integration][metrics]") {
    const TempDir home;
    Loop loop;
    HostSampler sampler(loop, ipc::Home{home.path()});
    std::ofstream(home.path() / "module_conf.json") << R"({"pm2": {"sysmonit": "false"}})";
    CHECK(ask(loop, sampler) == Json::object());
    std::ofstream(home.path() / "module_conf.json") << R"({"pm2": {"sysmonit": "true"}})";
    CHECK(ask(loop, sampler).contains("CPU Usage"));
    std::ofstream(home.path() / "module_conf.json")
        << R"({"pm2": "sysmonit)";  // broken: no reason to hide them
    CHECK(ask(loop, sampler).contains("CPU Usage"));
}
