// Servers that others wrote for systemd's socket activation, as Debian has them, unmodified: they take kpm's
// sockets, share them, and are reloaded under load without a loss.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <stdexcept>

#include "tests/support/eventually.h"
#include "tests/support/http_load.h"
#include "tests/support/kpm_home.h"
#include "tests/support/under_load.h"
#include "tests/support/ws_client.h"

namespace kpm::activated_servers_test {
using namespace test;

namespace {

// Answers after a while, so that a reload finds requests at work.
constexpr const char* kWsgi = R"(import os, time
def app(environ, start_response):
    time.sleep(0.02)
    body = str(os.getpid()).encode()
    start_response('200 OK', [('Content-Length', str(len(body)))])
    return [body]
)";

constexpr const char* kAsgi = R"(import asyncio, os
async def app(scope, receive, send):
    if scope['type'] != 'http': return
    await asyncio.sleep(0.02)
    body = str(os.getpid()).encode()
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', str(len(body)).encode())]})
    await send({'type': 'http.response.body', 'body': body})
)";

// `app`: the attributes beside name and listen.
void check_server(const KpmHome& kpm, Json app, int free = free_port()) {
    const auto port = static_cast<std::uint16_t>(free);
    app.update({{"name", "web"}, {"interpreter", "none"}, {"listen", {"127.0.0.1:" + std::to_string(port)}}});
    kpm.write("ecosystem.json", Json{{"apps", {app}}}.dump());
    const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    REQUIRE(eventually([&] {
        try {
            const auto reply = HttpClient(port).get("/");
            return reply && reply->status == 200;
        } catch (const std::exception&) {
            return false;
        }
    }));
    HttpLoad load(port, 2, 0);
    REQUIRE(load.wait_for(20));
    reload_without_loss(load, kpm, "web");
}

std::string lighttpd_folder() {
    const char* folder = std::getenv("KPM_LIGHTTPD");
    if (!folder) throw std::runtime_error("KPM_LIGHTTPD is not set: run the tests through ctest");
    return folder;
}

}  // namespace

TEST_CASE("activated servers: gunicorn", "[e2e][activation]") {
    const KpmHome kpm;
    kpm.write("app.py", kWsgi);
    check_server(kpm, {{"script", "gunicorn"},
                       {"args", "--workers 1 --worker-tmp-dir . app:app"},
                       {"stop_signal", "SIGTERM"},
                       {"kill_timeout", 20000}});
}

TEST_CASE("activated servers: uvicorn", "[e2e][activation]") {
    const KpmHome kpm;
    kpm.write("app.py", kAsgi);
    check_server(kpm, {{"script", "uvicorn"}, {"args", "--fd 3 app:app"}, {"kill_timeout", 20000}});
}

// It takes the socket whose address is that of its configuration.
TEST_CASE("activated servers: lighttpd", "[e2e][activation]") {
    const KpmHome kpm;
    const int port = free_port();
    kpm.write("index.html", "here");
    kpm.write("lighttpd.conf", "server.document-root = \"" + kpm.work().string() +
                                   "\"\nserver.systemd-socket-activation = \"enable\"\n"
                                   "server.bind = \"127.0.0.1\"\nserver.port = " +
                                   std::to_string(port) + "\nindex-file.names = (\"index.html\")\n");
    check_server(kpm,
                 {{"script", lighttpd_folder() + "/sbin/lighttpd"},
                  {"args", "-D -f lighttpd.conf -m " + lighttpd_folder() + "/lib/lighttpd"},
                  {"kill_timeout", 20000}},
                 port);
}

}  // namespace kpm::activated_servers_test
