#include "daemon/core/slot_config.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;

namespace {

ecosystem::AppConfig instance(int number) {
    ecosystem::AppConfig config;
    config.name = "web";
    config.env = {{"PORT", "3000"}};
    config.out_file = "/logs/web-out-" + std::to_string(number) + ".log";
    config.error_file = "/logs/web-error-" + std::to_string(number) + ".log";
    config.pid_file = "/pids/web-" + std::to_string(number) + ".pid";
    return config;
}

}  // namespace

TEST_CASE("slot config: gives back what was put in", "[unit][slot_config]") {
    const SlotConfig config(instance(1), 1);
    CHECK(config.whole() == instance(1));
    CHECK(config->name == "web");
    CHECK(config->out_file.empty());
    CHECK(config.paths().out_file == "/logs/web-out-1.log");
    CHECK(SlotConfig().whole() == ecosystem::AppConfig());
}

TEST_CASE("slot config: instances share all but their paths", "[unit][slot_config]") {
    const SlotConfig first(instance(1), 1);
    const SlotConfig second(instance(2), 2, {&first});
    CHECK(second.shares_with(first));
    CHECK(second.whole() == instance(2));

    ecosystem::AppConfig other = instance(3);
    other.env[0].value = "3001";
    const SlotConfig third(other, 3, {nullptr, &first});
    CHECK_FALSE(third.shares_with(first));
    CHECK(third.whole() == other);
    CHECK(first->env[0].value == "3000");
}

TEST_CASE("slot config: a path comes back as it was, wherever the number stands or does not",
          "[unit][slot_config]") {
    const SlotConfig like(instance(1), 1);
    for (const char* path : {"/logs/web-1-out-1.log", "/logs/-1", "-1", "/logs/web-out-12.log", "/dev/null",
                             "", "/logs/web.log", "/logs-1/web.log", "/logs/1.log"}) {
        ecosystem::AppConfig config = instance(1);
        config.error_file = path;
        const SlotConfig slot(config, 1, {&like});
        CHECK(slot.whole() == config);
        CHECK(slot.paths().error_file == path);
        CHECK(slot.shares_with(like));
        CHECK_FALSE(slot.is_same(like));
    }
}

TEST_CASE("slot config: the same one has the same paths", "[unit][slot_config]") {
    const SlotConfig first(instance(1), 1);
    CHECK(SlotConfig(instance(1), 1, {&first}).is_same(first));
    CHECK_FALSE(SlotConfig(instance(2), 2, {&first}).is_same(first));
    // The same paths without the number's help.
    CHECK(SlotConfig(instance(1), 7, {&first}).is_same(first));
}
