#include "daemon/core/host_metrics.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

constexpr const char* kNetDev =
    R"(Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0
  eth0:1048576 20 1 2 0 0 0 0 2097152 30 3 4 0 0 0 0
)";

double value(const Json& data, const char* name) {
    INFO(name << " in " << data.dump());
    REQUIRE(data.contains(name));
    return data[name]["value"].get<double>();
}

}  // namespace

TEST_CASE("host metrics: times of all cores, guests not counted twice", "[unit][metrics]") {
    const auto times =
        parse_cpu_times("cpu  100 20 30 400 50 6 7 8 90 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\n");
    REQUIRE(times);
    CHECK(times->busy == 100 + 20 + 30 + 6 + 7 + 8);
    CHECK(times->idle == 400 + 50);
    CHECK_FALSE(parse_cpu_times("cpu0 1 2 3 4\n"));
    CHECK_FALSE(parse_cpu_times(""));
}

TEST_CASE("host metrics: memory in bytes", "[unit][metrics]") {
    const auto memory = parse_memory("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n");
    REQUIRE(memory);
    CHECK(memory->total == 1'024'000);
    CHECK(memory->available == 256'000);
    CHECK_FALSE(parse_memory("MemAvailable: 250 kB\n"));
}

TEST_CASE("host metrics: interfaces by name", "[unit][metrics]") {
    const auto interfaces = parse_interfaces(kNetDev);
    REQUIRE(interfaces.size() == 2);
    const InterfaceCounters& eth0 = interfaces.at("eth0");
    CHECK(eth0.received == 1048576);
    CHECK(eth0.sent == 2097152);
    CHECK(eth0.receive_errors == 1);
    CHECK(eth0.receive_drops == 2);
    CHECK(eth0.send_errors == 3);
    CHECK(eth0.send_drops == 4);
    CHECK(parse_interfaces("nonsense\neth1: 1 2\n").empty());
}

TEST_CASE("host metrics: disks, without partitions and what is made of disks", "[unit][metrics]") {
    const auto disks = parse_disks(
        " 259 0 nvme0n1 1 0 100 0 1 0 200 0 0 0 0\n"
        " 259 1 nvme0n1p1 1 0 90 0 1 0 190 0 0 0 0\n"
        "   8 0 sda 1 0 10 0 1 0 20 0 0 0 0\n"
        "   8 1 sda1 1 0 10 0 1 0 20 0 0 0 0\n"
        "  65 160 sdaa 1 0 1 0 1 0 2 0 0 0 0\n"
        " 253 0 dm-0 1 0 90 0 1 0 190 0 0 0 0\n"
        "   7 0 loop0 1 0 90 0 1 0 190 0 0 0 0\n");
    REQUIRE(disks);
    CHECK(disks->read == 111 * 512);
    CHECK(disks->written == 222 * 512);
    CHECK_FALSE(parse_disks("   7 0 loop0 1 0 90 0 1 0 190 0 0 0 0\n"));
    CHECK_FALSE(parse_disks("x"));
}

TEST_CASE("host metrics: mounts of devices once, and the root", "[unit][metrics]") {
    CHECK(
        parse_mounts("overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /mnt/a\\040b ext4 rw 0 0\n"
                     "/dev/sda1 /mnt/again ext4 rw 0 0\n/dev/loop3 /snap/x squashfs ro 0 0\n/dev/fuse /doc "
                     "fuse.portal rw 0 0\ntmpfs /tmp tmpfs "
                     "rw 0 0\nx\n") == std::vector<Mount>{{"overlay", "/"}, {"/dev/sda1", "/mnt/a b"}});
}

TEST_CASE("host metrics: rates are what two samples differ by", "[unit][metrics]") {
    HostSample before;
    before.cpu = CpuTimes{100, 100};
    before.memory = MemoryState{1000, 900};
    before.interfaces = {{"eth0", {0, 1 << 20, 0, 0, 0, 0}}};
    before.disks = DiskCounters{0, 0};
    HostSample now;
    now.at = before.at + 2s;
    now.cpu = CpuTimes{150, 250};
    now.memory = MemoryState{1000, 333};
    now.interfaces = {{"eth0", {1 << 20, 0, 1, 0, 0, 0}}, {"new", {5 << 20, 0, 0, 0, 0, 0}}};
    now.disks = DiskCounters{3 << 20, 1 << 10};
    now.file_systems = {{"/", std::uint64_t{4} << 30, std::uint64_t{1} << 30, std::uint64_t{2} << 30},
                        {"/empty", 0, 0, 0}};
    const Json data = system_data(before, now);
    CHECK(value(data, "CPU Usage") == Approx(25));
    CHECK(value(data, "CPU Temperature") == -1);
    CHECK(value(data, "RAM Usage") == Approx(66.7));
    CHECK(value(data, "RAM Active") == 667);
    CHECK(value(data, "net:rx_5:eth0") == Approx(0.5));
    CHECK(value(data, "net:tx_5:eth0") == 0);  // set back: counted from 0
    CHECK(value(data, "net:rx_errors_60:eth0") == 30);
    CHECK(value(data, "net:rx_5:new") == 0);  // nothing to compare with
    CHECK(value(data, "Disk Reads") == Approx(1.5));
    CHECK(value(data, "Disk Writes") == Approx(0.0));
    CHECK(value(data, "fs:use:/") == Approx(33.33));
    CHECK(value(data, "fs:size:/") == 4);
    CHECK_FALSE(data.contains("fs:use:/empty"));
    CHECK(data["CPU Usage"].dump() == R"({"value":25,"type":"metric","unit":"%","historic":true})");
}

TEST_CASE("host metrics: what was not to be had is left out, and no time is no division by zero",
          "[unit][metrics]") {
    const Json data = system_data({}, {});
    CHECK_FALSE(data.contains("CPU Usage"));
    CHECK_FALSE(data.contains("RAM Usage"));
    CHECK_FALSE(data.contains("Disk Reads"));
    HostSample one;
    one.cpu = CpuTimes{5, 5};
    CHECK(value(system_data(one, one), "CPU Usage") == 0);
}
