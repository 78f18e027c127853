#pragma once
// A Node app in cluster mode in a home of its own, for tests.

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/http_load.h"
#include "tests/support/kpm_home.h"
#include "tests/support/ws_client.h"

namespace kpm::test {

// Answers with its pid; /slow after a while, so that a reload finds requests at work.
inline constexpr const char* kNodeServer = R"(const http = require('http');
const server = http.createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end(String(process.pid)), 30);
  else response.end(String(process.pid));
});
server.listen(Number(process.env.APP_PORT), '127.0.0.1');
)";

struct NodeApp {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    int instances;

    explicit NodeApp(const std::string& source = kNodeServer, int count = 2, const std::string& more = "")
        : instances(count) {
        kpm.write("app.js", source);
        kpm.write("ecosystem.json",
                  R"({"apps":[{"name":"web","script":"app.js","exec_mode":"cluster","instances":)" +
                      std::to_string(count) + R"(,"env":{"APP_PORT":")" + std::to_string(port) + "\"}" +
                      more + "}]}");
    }
    CommandResult start() const { return kpm.kpm({"start", "ecosystem.json"}); }
    void start_well() const {
        const CommandResult started = start();
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
        REQUIRE(eventually([&] { return !answer().empty(); }));
    }
    // A worker is online before it listens: until each has answered. Not with a policy that sends one client
    // to one worker.
    void start_all_well() const {
        start_well();
        std::set<std::string> seen;
        REQUIRE(eventually([&] {
            seen.insert(answer());
            seen.erase("");
            return seen.size() == static_cast<std::size_t>(instances);
        }));
    }
    std::string answer(const std::string& target = "/") const {
        try {
            const auto reply = HttpClient(port).get(target);
            return reply ? reply->body : "";
        } catch (const std::exception&) {
            return "";
        }
    }
    std::vector<int> pids() const {
        std::vector<int> pids;
        for (const Json& row : kpm.list()) pids.push_back(row["pid"]);
        return pids;
    }
    std::string output(int id = 0) const {
        return kpm.read(kpm.home() / "logs" / ("web-out-" + std::to_string(id) + ".log"));
    }
};

// Two workers with clients that keep them busy.
struct LoadedNodeApp {
    NodeApp app;
    std::vector<int> before;
    HttpLoad load;

    explicit LoadedNodeApp(const std::string& balance = "hybrid")
        : app(kNodeServer, 2, ",\"balance\":\"" + balance + "\""),
          before((app.start_all_well(), app.pids())),
          load(app.port, 2, 2, "/slow") {
        REQUIRE(load.wait_for(20));
    }
};

}  // namespace kpm::test
