#include "ecosystem/not_effective.h"

#include <catch2/catch.hpp>

#include "ecosystem/watch_options.h"

using namespace kpm::ecosystem;
using Sentences = std::vector<std::string>;

TEST_CASE("not effective: an app without such attributes gets no sentence", "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Fork};
    CHECK(not_effective(config).empty());
    config.listen = {"3000"};
    CHECK(not_effective(config).empty());
    config.balance = Balance::Shared;
    CHECK(not_effective(config).empty());
    config.listen = {};
    config.exec_mode = ExecMode::Cluster;
    for (const Balance balance : {Balance::RoundRobin, Balance::Hybrid, Balance::Sticky}) {
        config.balance = balance;
        CHECK(not_effective(config).empty());
    }
    config.kpm_channel = true;
    config.listen = {"3000"};
    config.max_connections = 4;
    config.balance = Balance::Sticky;
    CHECK(not_effective(config).empty());
}

TEST_CASE("not effective: what does not fit the app is named with it", "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "python3", .exec_mode = ExecMode::Fork};
    config.listen = {"3000"};
    config.balance = Balance::Hybrid;
    config.max_connections = 4;
    CHECK(not_effective(config) ==
          Sentences{"web: max_connections has no effect without kpm_channel or Node's cluster mode",
                    "web: balance hybrid has no effect, the app accepts by itself"});
    config.kpm_channel = true;
    CHECK(not_effective(config) ==
          Sentences{"web: balance hybrid has no effect with kpm_channel, least_connections is used"});
    AppConfig node{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Cluster};
    node.listen = {"3000"};
    CHECK(not_effective(node) ==
          Sentences{"web: listen has no effect, a Node cluster app listens by itself"});
    node.listen = {};
    node.health.readiness.emplace();
    CHECK(not_effective(node).empty());
    node.balance = Balance::Hybrid;
    CHECK(not_effective(node) == Sentences{"web: balance hybrid has no effect with a startup or readiness "
                                           "probe, round_robin is used"});
    node.balance = Balance::Shared;
    CHECK(not_effective(node) ==
          Sentences{"web: its probes keep no connections from a worker with balance shared"});

    AppConfig limited{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Cluster};
    limited.max_connections = 4;
    CHECK(not_effective(limited).empty());
    limited.health.readiness.emplace();
    limited.balance = Balance::Hybrid;
    CHECK(not_effective(limited) ==
          Sentences{"web: balance hybrid has no effect with max_connections, least_connections is used"});
    limited.balance = Balance::RoundRobin;
    limited.uid = "www-data";
    CHECK(not_effective(limited) == Sentences{"web: max_connections has no effect with another user"});
    limited.interpreter = "deno";
    CHECK(not_effective(limited) ==
          Sentences{"web: max_connections has no effect without kpm_channel or Node's cluster mode"});
    AppConfig deno{.name = "web", .interpreter = "deno", .exec_mode = ExecMode::Cluster};
    deno.balance = Balance::Shared;
    CHECK(not_effective(deno) ==
          Sentences{"web: balance shared has no effect with Deno, round_robin is used"});
    deno.balance = Balance::Sticky;
    CHECK(not_effective(deno).empty());
    deno.interpreter = "bun";
    CHECK(not_effective(deno) ==
          Sentences{"web: balance sticky has no effect, Bun binds its ports by itself"});
}

TEST_CASE("not effective: options of chokidar that kpm does not have, where something is watched",
          "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Fork};
    config.extra["watch_options"] = {{"usePolling", true},
                                     {"interval", 100},
                                     {"awaitWriteFinish", {{"pollInterval", 1}}},
                                     {"ignoreInitial", false},
                                     {"depth", -1},
                                     {"ignored", nullptr},
                                     {"followSymlinks", false},
                                     {"disableGlobbing", false},
                                     {"cwd", "/srv"}};
    CHECK(not_effective(config).empty());
    config.watch = true;
    CHECK(
        not_effective(config) ==
        Sentences{
            "web: usePolling of watch_options has no effect, changes are told by the kernel, which does "
            "not know those of other machines",
            "web: awaitWriteFinish of watch_options has no effect, watch_delay waits until changes are over",
            "web: ignoreInitial of watch_options has no effect, what is there at the start is no change",
            "web: depth of watch_options has no effect, it is no number from 0 on",
            "web: ignored of watch_options has no effect, it takes texts and regular expressions",
            "web: cwd of watch_options has no effect"});
    config.extra["watch_options"] = {{"usePolling", false},
                                     {"ignoreInitial", true},
                                     {"depth", 2},
                                     {"ignored", {"logs", "regexp:/x/"}},
                                     {"persistent", true}};
    CHECK(not_effective(config).empty());
    CHECK(watch_options(config).depth == 2);
    CHECK(watch_options(config).ignored == Sentences{"logs", "regexp:/x/"});
}

TEST_CASE("not effective: what is only stored is one sentence", "[unit][ecosystem]") {
    AppConfig config{.name = "web", .interpreter = "node", .exec_mode = ExecMode::Fork};
    config.extra = {{"trace", true}, {"v8", false}, {"post_update", {"npm install"}}, {"own", 1}};
    CHECK(not_effective(config) == Sentences{"web: without effect, only stored: post_update, trace"});
}
