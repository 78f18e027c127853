// Socket activation: kpm listens, processes in any language inherit the sockets.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "tests/support/eventually.h"
#include "tests/support/http_load.h"
#include "tests/support/kpm_home.h"
#include "tests/support/under_load.h"
#include "tests/support/ws_client.h"

namespace kpm::activation_test {
using namespace test;

namespace {

struct Activated {
    KpmHome kpm;
    std::uint16_t port = static_cast<std::uint16_t>(free_port());

    // `what`: the attributes beside name and listen.
    explicit Activated(const std::string& what, const std::string& more_addresses = "") {
        kpm.write("ecosystem.json", R"({"apps":[{"name":"web","listen":["127.0.0.1:)" + std::to_string(port) +
                                        "\"" + more_addresses + "]," + what + "}]}");
    }
    void start_well() const {
        const CommandResult started = kpm.kpm({"start", "ecosystem.json"});
        INFO(started.out << started.err << kpm.daemon_log());
        REQUIRE(started.status == 0);
    }
    std::string answer() const {
        const auto reply = HttpClient(port).get("/");
        return reply ? reply->body : "";
    }
    std::string output() const { return kpm.read(kpm.home() / "logs" / "web-out.log"); }
};

std::string server() {
    return R"("script":")" + std::string(KPM_LISTEN_SERVER) + R"(","interpreter":"none")";
}

// What a Python service does under systemd, too.
constexpr const char* kPython = R"(import http.server, os, signal, socket, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(os.getpid()).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *rest): pass
assert int(os.environ['LISTEN_PID']) == os.getpid() and os.environ['LISTEN_FDS'] == '1'
listener = socket.socket(fileno=3)
listener.setblocking(False)
server = http.server.ThreadingHTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
server.socket.close()
server.socket = listener
server.daemon_threads = False
signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever(0.05)
server.server_close()
)";

}  // namespace

TEST_CASE("activation: a plain server serves on what kpm listens on, in fork mode", "[e2e][activation]") {
    const Activated app(server(), R"(,"127.0.0.1:0?name=any","unix:SOCKET?mode=600")");
    const std::string path = (app.kpm.work() / "a.sock").string();
    std::string text = app.kpm.read(app.kpm.work() / "ecosystem.json");
    text.replace(text.find("SOCKET"), 6, path);
    app.kpm.write("ecosystem.json", text);
    app.start_well();
    CHECK(app.answer() == std::to_string(app.kpm.find("web")["pid"].get<int>()));
    CHECK(app.output() == "3 sockets: web:any:web\n");
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(app.kpm.kpm({"stop", "web"}).status == 0);
    CHECK(::stat(path.c_str(), &status) != 0);
    CHECK_THROWS(HttpClient(app.port));
}

TEST_CASE("activation: reloads under load lose no request", "[e2e][activation]") {
    const Activated app(server());
    app.start_well();
    HttpLoad load(app.port, 3, 0);
    REQUIRE(load.wait_for(20));
    const HttpLoadFigures figures = reload_without_loss(load, app.kpm, "web");
    CHECK(figures.bodies.size() == static_cast<std::size_t>(reload_count()) + 1);
}

TEST_CASE("activation: the death of the daemon loses no request", "[e2e][activation]") {
    const Activated app(server());
    app.start_well();
    HttpLoad load(app.port, 3, 0);
    REQUIRE(load.wait_for(20));
    const int daemon = app.kpm.daemon_pid();
    REQUIRE(::kill(daemon, SIGKILL) == 0);
    REQUIRE(eventually([&] { return app.kpm.daemon_pid() != daemon; }));
    REQUIRE(load.wait_for(10));
    run_under(load, app.kpm, {"reload", "web"});
    const HttpLoadFigures figures = stop_without_loss(load, app.kpm);
    CHECK(figures.bodies.size() == 2);
    CHECK(app.kpm.find("web")["pm2_env"]["restart_time"] == 1);
}

TEST_CASE("activation: clients wait while the only process is started again", "[e2e][activation]") {
    const Activated app(server());
    app.start_well();
    const std::string first = app.answer();
    REQUIRE(::kill(std::stoi(first), SIGKILL) == 0);
    const std::string second = app.answer();
    CHECK(second != first);
    REQUIRE(app.kpm.kpm({"restart", "web"}).status == 0);
    CHECK(app.answer() != second);
}

TEST_CASE("activation: two Python servers share the socket and reload without a loss", "[e2e][activation]") {
    const Activated app(R"("script":"web.py","interpreter":"python3","exec_mode":"cluster","instances":2)");
    app.kpm.write("web.py", kPython);
    app.start_well();
    HttpLoad load(app.port, 4, 0);
    REQUIRE(eventually([&] { return load.figures().bodies.size() == 2; }));
    run_under(load, app.kpm, {"reload", "web"});
    stop_without_loss(load, app.kpm);
}

TEST_CASE("activation: a reload whose new process is not ready fails, and the old one serves on",
          "[e2e][activation]") {
    const Activated app(
        R"("script":"web.py","interpreter":"python3","wait_ready":true,"listen_timeout":60000)");
    app.kpm.write("web.py", std::string("import os, time\nif os.path.exists('broken'): time.sleep(1000)\n") +
                                "os.write(int(os.environ['NODE_CHANNEL_FD']), b'\"ready\"\\n')\n" + kPython);
    app.start_well();
    const std::string first = app.answer();
    app.kpm.write("broken", "");
    const CommandResult reloaded = app.kpm.kpm({"reload", "web", "--listen-timeout", "500"});
    CHECK(reloaded.status == 1);
    CHECK((reloaded.out + reloaded.err).find("not ready within 500 ms") != std::string::npos);
    CHECK(app.answer() == first);
}

TEST_CASE("activation: an address that is taken is an error that names the holder", "[e2e][activation]") {
    const Activated first(server());
    first.start_well();
    const KpmHome other;
    other.write("ecosystem.json", R"({"apps":[{"name":"late",)" + server() + R"(,"listen":["127.0.0.1:)" +
                                      std::to_string(first.port) + "\"]}]}");
    const CommandResult started = other.kpm({"start", "ecosystem.json"});
    CHECK(started.status == 1);
    CHECK((started.out + started.err).find("Address already in use (held by pid") != std::string::npos);
}

}  // namespace kpm::activation_test
