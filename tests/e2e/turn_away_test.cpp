// The end of an app on a port: who is being served is served, who comes now is not let in and cut, but kept
// outside until the port is closed.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <future>

#include "ipc/base/unique_fd.h"
#include "tests/support/node_app.h"

namespace kpm::turn_away_test {
using namespace test;

namespace {

// It takes more than a second to end, its port open all the while.
constexpr const char* kSlowToEnd = R"(const http = require('http');
http.createServer((request, response) => {
  if (request.url === '/slow') {
    console.log('begun');
    setTimeout(() => response.end('served'), 600);
  } else response.end(String(process.pid));
}).listen(Number(process.env.APP_PORT), '127.0.0.1');
process.on('SIGINT', () => setTimeout(() => process.exit(0), 1500));
)";

enum class Reception { LetIn, LeftOutside, Refused };

Reception reception_at(std::uint16_t port) {
    constexpr int kPatience = 200;  // ms; the kernel asks again after a second
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
        errno != EINPROGRESS)
        return Reception::Refused;
    pollfd watched{socket.get(), POLLOUT, 0};
    if (::poll(&watched, 1, kPatience) == 0) return Reception::LeftOutside;
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    return problem == 0 ? Reception::LetIn : Reception::Refused;
}

bool comes_to(std::uint16_t port, Reception reception) {
    return eventually([&] { return reception_at(port) == reception; });
}

RunningCommand ending(const NodeApp& app, const std::string& verb) {
    std::vector<std::string> words{(bin_dir() / "kpm").string(), verb};
    if (verb != "kill") words.emplace_back("web");
    return RunningCommand(words, app.kpm.env(), app.kpm.work());
}

}  // namespace

TEST_CASE("turn away: at a stop the last request is served and nobody else is let in", "[e2e][node]") {
    const auto [balance, verb] = GENERATE(table<std::string, std::string>(
        {{"hybrid", "stop"}, {"round_robin", "delete"}, {"shared", "stop"}, {"hybrid", "kill"}}));
    INFO(balance << ", " << verb);
    const NodeApp app(kSlowToEnd, 2, R"(,"kill_timeout":5000,"balance":")" + balance + "\"");
    app.start_all_well();
    CHECK(reception_at(app.port) == Reception::LetIn);
    auto served = std::async(std::launch::async, [&] { return app.answer("/slow"); });
    REQUIRE(eventually([&] { return app.output(0) + app.output(1) == "begun\n"; }));
    const RunningCommand ends = ending(app, verb);
    CHECK(comes_to(app.port, Reception::LeftOutside));
    CHECK(served.get() == "served");
    CHECK(comes_to(app.port, Reception::Refused));
}

TEST_CASE("turn away: one that is started again before its end lets clients in again", "[e2e][node]") {
    const auto [balance, is_daemon_killed] =
        GENERATE(table<std::string, bool>({{"hybrid", false}, {"round_robin", false}, {"hybrid", true}}));
    INFO(balance << ", kpmd killed: " << is_daemon_killed);
    const NodeApp app(kSlowToEnd, 2, R"(,"kill_timeout":5000,"balance":")" + balance + "\"");
    app.start_all_well();
    const RunningCommand ends = ending(app, "stop");
    CHECK(comes_to(app.port, Reception::LeftOutside));
    if (is_daemon_killed) REQUIRE(::kill(app.kpm.daemon_pid(), SIGKILL) == 0);
    const CommandResult again = app.kpm.kpm({"start", "web"});
    INFO(again.out << again.err << app.kpm.daemon_log());
    CHECK(again.status == 0);
    CHECK(comes_to(app.port, Reception::LetIn));
    CHECK(eventually([&] { return !app.answer().empty(); }));
}

TEST_CASE("turn away: while another one serves, a stop leaves the door open", "[e2e][node]") {
    const NodeApp app(kSlowToEnd, 2, R"(,"kill_timeout":5000)");
    app.start_all_well();
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"stop", "0"}, {"restart", "1"}, {"scale", "web", "1"}}) {
        INFO(words.front());
        CHECK(app.kpm.kpm(words).status == 0);
        CHECK(reception_at(app.port) == Reception::LetIn);
    }
}

TEST_CASE("turn away: processes that inherit the socket are left alone by who comes late",
          "[e2e][activation]") {
    const KpmHome kpm;
    const auto port = static_cast<std::uint16_t>(free_port());
    kpm.write("app.sh", "trap 'sleep 1; exit 0' INT\nwhile :; do sleep 0.05; done\n");
    kpm.write("ecosystem.json", R"({"apps":[{"name":"web","script":"app.sh","kill_timeout":5000,
                                  "listen":["127.0.0.1:)" +
                                    std::to_string(port) + "\"]}]}");
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    CHECK(reception_at(port) == Reception::LetIn);
    const RunningCommand ends({(bin_dir() / "kpm").string(), "stop", "web"}, kpm.env(), kpm.work());
    CHECK(comes_to(port, Reception::LeftOutside));
    CHECK(comes_to(port, Reception::Refused));
}

}  // namespace kpm::turn_away_test
