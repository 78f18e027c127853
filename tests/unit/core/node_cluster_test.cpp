// Apps in Node's cluster mode, as the supervisor sees them.
#include <catch2/catch.hpp>

#include "daemon/core/launch.h"
#include "tests/unit/core/bench.h"

using namespace kpm;
using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

ecosystem::AppConfig node_cluster() {
    ecosystem::AppConfig config = forked();
    config.exec_mode = ecosystem::ExecMode::Cluster;
    return config;
}

// A worker that Node has told to be up.
AppKey up(Bench& bench, int pid) {
    const AppKey key = bench.host.last();
    bench.happen(key, Spawned{pid});
    bench.happen(key, Ready{});
    bench.host.take();
    return key;
}

}  // namespace

TEST_CASE("node cluster: a worker is online when Node says so, however long that takes",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    CHECK(bench.host.take() == Lines{"open-pool web", "spawn 0/1 web"});
    const LaunchSpec spec = bench.host.specs[1];
    CHECK(spec.channel == ChildChannel::NodeCluster);
    CHECK(spec.node_ready == NodeReady::Online);
    CHECK(spec.drains_keep_alive);
    CHECK(spec.pool == "web");
    bench.happen(Spawned{10});
    bench.pass(5s);
    CHECK(bench.state() == State::Starting);
    bench.run([&] { bench.supervisor.take_message(bench.host.last(), "ready"); });
    CHECK(bench.state() == State::Starting);  // without wait_ready that means nothing
    bench.happen(Ready{});
    CHECK(bench.state() == State::Online);
}

TEST_CASE("node: the agent runs where Node may read it and pmx does not say no", "[unit][supervisor]") {
    const auto runs = [](ecosystem::AppConfig config) {
        Bench bench;
        bench.add(std::move(config));
        return bench.host.specs[1].runs_agent;
    };
    CHECK(runs(forked()));
    CHECK(runs(node_cluster()));
    ecosystem::AppConfig config = forked();
    config.pmx = false;
    CHECK_FALSE(runs(config));
    config = forked();
    config.interpreter = "bun";
    CHECK_FALSE(runs(config));
    config = forked();
    config.interpreter_args = {"--permission", "--allow-fs-read=/srv"};
    CHECK_FALSE(runs(config));
    config = node_cluster();
    config.env = {{"NODE_OPTIONS", "--experimental-permission --allow-fs-read=/srv"}};
    CHECK_FALSE(runs(config));
    Bench bench;
    bench.add(config);
    CHECK_FALSE(bench.host.specs[1].drains_keep_alive);
}

TEST_CASE("node cluster: with wait_ready the app's own word counts", "[unit][supervisor]") {
    Bench bench;
    ecosystem::AppConfig config = node_cluster();
    config.wait_ready = true;
    bench.add(config);
    CHECK(bench.host.specs[1].node_ready == NodeReady::Message);
    bench.happen(Spawned{10});
    bench.run([&] { bench.supervisor.take_message(bench.host.last(), "ready"); });
    CHECK(bench.state() == State::Online);
}

TEST_CASE("node cluster: the new worker of a reload has to listen, in listen_timeout", "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    up(bench, 10);
    bench.run([&] { bench.supervisor.reload(0, bench.done()); });
    CHECK(bench.host.specs[2].node_ready == NodeReady::Listening);
    bench.happen(Spawned{11});
    bench.pass(3s);
    CHECK(bench.error().find("not ready within 3000 ms; the old process goes on") != std::string::npos);
}

TEST_CASE("node cluster: a worker is drained before a stop or restart while another serves",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    const AppKey first = up(bench, 10);
    bench.add(node_cluster());
    const AppKey second = up(bench, 11);

    bench.run([&] { bench.supervisor.restart(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"drain 0/1"});
    CHECK(bench.state(0) == State::Draining);
    bench.happen(first, Drained{});
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    bench.happen(first, Exited{0, 0});
    bench.happen(first, TreeGone{});
    CHECK(bench.host.last().pm_id == 0);
    up(bench, 12);
    CHECK(bench.answer.has_value());

    bench.run([&] { bench.supervisor.stop(1, bench.done()); });
    CHECK(bench.host.take() == Lines{"drain 1/2"});
    bench.happen(second, Exited{0, 0});
    REQUIRE(bench.answer);
    CHECK(bench.state(1) == State::Stopped);
    bench.host.take();

    // The last one: nobody would serve meanwhile.
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"turn-away web of node", "signal 0/3 2"});
}

TEST_CASE("node cluster: a second stop does not wait for the connections", "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    up(bench, 10);
    bench.add(node_cluster());
    up(bench, 11);
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.host.take();
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
}

TEST_CASE("node cluster: which apps are, and how they get connections", "[unit][supervisor]") {
    ecosystem::AppConfig config = node_cluster();
    CHECK(pool_spec(config)->kind == PoolSpec::Kind::Node);
    CHECK(pool_spec(config)->balance == "hybrid");
    config.interpreter = "/opt/deno";
    CHECK(pool_spec(config)->balance == "round_robin");  // takes no listening sockets
    config.interpreter = "python3";
    CHECK_FALSE(is_node_cluster(config));
    CHECK_FALSE(pool_spec(config));
    config.listen = {"3000"};
    CHECK(pool_spec(config)->kind == PoolSpec::Kind::Activation);
    CHECK(can_hand_over(config));
    CHECK(pool_spec(clustered())->kind == PoolSpec::Kind::Channel);
}

TEST_CASE("node cluster: an app that gets another name leaves the sockets of the old one",
          "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    const AppKey first = up(bench, 10);
    ecosystem::AppConfig renamed = node_cluster();
    renamed.name = "shop";
    bench.run([&] {
        CHECK(bench.supervisor.reconfigure(0, renamed));
        bench.supervisor.restart(0, bench.done());
    });
    bench.host.take();
    bench.happen(first, Exited{0, 0});
    bench.happen(first, TreeGone{});
    CHECK(bench.host.take() ==
          Lines{"release 0/1", "close-pool web of node", "open-pool shop", "spawn 0/2 shop"});
    up(bench, 11);
    bench.run([&] { bench.supervisor.stop(0, bench.done()); });
    bench.happen(Exited{0, 0});
    bench.happen(TreeGone{});
    CHECK(bench.host.take() ==
          Lines{"turn-away shop of node", "signal 0/2 2", "release 0/2", "close-pool shop of node"});
}

TEST_CASE("node cluster: a reload to other sockets is a restart", "[unit][supervisor]") {
    Bench bench;
    bench.add(node_cluster());
    up(bench, 10);
    ecosystem::AppConfig changed = clustered();
    changed.name = "web";
    bench.run([&] {
        CHECK(bench.supervisor.reconfigure(0, changed));
        bench.supervisor.reload(0, bench.done());
    });
    CHECK(bench.host.take() == Lines{"signal 0/1 2"});
    CHECK(bench.state() == State::Stopping);
}
