#include "ipc/base/gpu_address.h"

#include <catch2/catch.hpp>

using namespace kpm;

TEST_CASE("gpu address: every tool's form of a PCI address is the same address", "[unit][base]") {
    for (const char* text : {"0000:41:00.0", "41:00.0", "00000000:41:00.0", "0:41:00.0"})
        CHECK(normal_pci(text) == "0000:41:00.0");
    CHECK(normal_pci("0000:C1:1F.7") == "0000:c1:1f.7");
    CHECK(normal_pci("00010000:41:00.0") == "10000:41:00.0");
}

TEST_CASE("gpu address: what is no PCI address is refused", "[unit][base]") {
    for (const char* text : {"", ":", "::", "41:00", "41:00.", "41:00.8", "41:00.00", "4:00.0", "zz:00.0",
                             "0000:41:00.0 ", "000000000:41:00.0", "0000:0000:41:00.0", "../41:00.0"}) {
        INFO(text);
        CHECK_FALSE(normal_pci(text));
    }
}

TEST_CASE("gpu address: a UUID with prefix, without dashes or in capitals is the same", "[unit][base]") {
    const std::string uuid = "5e2bd8c5-0f3a-4b1c-9d7e-001122334455";
    CHECK(normal_uuid(uuid) == uuid);
    CHECK(normal_uuid("GPU-5E2BD8C5-0F3A-4B1C-9D7E-001122334455") == uuid);
    CHECK(normal_uuid("5e2bd8c50f3a4b1c9d7e001122334455") == uuid);
    for (const char* text :
         {"", "GPU-", "GPU-\?\?\?\?\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?\?\?\?\?\?\?\?\?",
          "5e2bd8c5-0f3a-4b1c-9d7e-00112233445", "5e2bd8c50-f3a-4b1c-9d7e-001122334455"}) {
        INFO(text);
        CHECK_FALSE(normal_uuid(text));
    }
}
