// Who may serve a home, and what is left in it.

#include <fstream>

#include "tests/integration/io/control_fixture.h"

using namespace kpm;
using namespace kpm::io;

namespace {

// Leaves a socket file that nobody serves, as a killed daemon does.
void leave_socket(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

Result<void> try_to_serve(const ipc::Home& home) {
    Loop loop;
    const auto server =
        ControlServer::open(loop, home, {[](const ipc::Request&, Responder) {}, [](std::string) {}});
    if (!server) return server.error();
    return {};
}

// A daemon that answers these methods with these values.
void answer(ControlFixture& fixture, std::map<std::string, Json> answers) {
    auto opened =
        ControlServer::open(fixture.loop, fixture.home,
                            {.on_request =
                                 [answers](const ipc::Request& request, const Responder& responder) {
                                     const auto found = answers.find(request.method);
                                     if (found == answers.end()) return responder.unknown_method();
                                     responder.value(found->second);
                                 },
                             .on_notice = [](const std::string&) {}});
    REQUIRE(opened);
    fixture.server = *std::move(opened);
}

}  // namespace

TEST_CASE("control home: a second server is refused, with the first one's version", "[integration][io]") {
    ControlFixture fixture;
    answer(fixture, {{"getVersion", "7.0.4"}, {"kpm.hello", {{"kpm", "0.1.0"}}}});
    const Result<void> second = run_beside(fixture.loop, [&] { return try_to_serve(fixture.home); });
    REQUIRE_FALSE(second);
    CHECK(second.error() == Error{ErrorCode::Exists, "cannot serve '" + fixture.home.root().string() +
                                                         "': a daemon already runs in it (kpm 0.1.0)"});
    CHECK(std::filesystem::exists(fixture.home.rpc_socket()));
}

TEST_CASE("control home: a PM2 daemon is named as one", "[integration][io]") {
    ControlFixture fixture;
    answer(fixture, {{"getVersion", "6.0.1"}});
    const Result<void> second = run_beside(fixture.loop, [&] { return try_to_serve(fixture.home); });
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::Exists);
    CHECK(second.error().message.ends_with("a PM2 daemon (version 6.0.1) runs in it"));
}

TEST_CASE("control home: a daemon that does not answer still holds the home", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();  // its loop does not turn
    const Result<void> second = try_to_serve(fixture.home);
    REQUIRE_FALSE(second);
    CHECK(second.error().message.ends_with("a daemon runs in it that does not answer"));
}

TEST_CASE("control home: a server that could not listen does so later", "[integration][io]") {
    ControlFixture fixture;
    std::filesystem::create_directory(fixture.home.rpc_socket());  // no socket can be bound there
    fixture.server = ControlServer::make(
        fixture.loop,
        {.on_request = [&fixture](const ipc::Request& request,
                                  const Responder& responder) { fixture.handle(request, responder); },
         .on_notice = [](const std::string&) {}});
    for (int i = 0; i < 2; ++i) {
        const auto refused = fixture.server->listen(fixture.home);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("rpc.sock': ") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(fixture.home.pub_socket()));
    std::filesystem::remove(fixture.home.rpc_socket());
    REQUIRE(fixture.server->listen(fixture.home));
    const auto answer = fixture.call("ping");
    REQUIRE(answer);
    CHECK(*answer == Json{{"msg", "pong"}});
}

TEST_CASE("control home: a daemon whose rpc.sock was removed still holds the home", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    std::filesystem::remove(fixture.home.rpc_socket());
    const Result<void> second = try_to_serve(fixture.home);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::Exists);
    CHECK(std::filesystem::exists(fixture.home.pub_socket()));
}

TEST_CASE("control home: sockets that nobody serves are replaced", "[integration][io]") {
    ControlFixture fixture;
    leave_socket(fixture.home.rpc_socket());
    leave_socket(fixture.home.pub_socket());
    CHECK(ipc::identify_daemon(fixture.home).kind == ipc::DaemonKind::Stale);
    fixture.serve();
    CHECK(*fixture.call("ping") == Json{{"msg", "pong"}});
}

TEST_CASE("control home: a file that is no socket is not touched", "[integration][io]") {
    ControlFixture fixture;
    std::ofstream(fixture.home.rpc_socket()) << "precious";
    const Result<void> server = try_to_serve(fixture.home);
    REQUIRE_FALSE(server);
    CHECK(server.error().message ==
          "cannot bind '" + fixture.home.rpc_socket().string() + "': Address already in use");
    CHECK(std::filesystem::file_size(fixture.home.rpc_socket()) == 8);
    CHECK_FALSE(std::filesystem::exists(fixture.home.pub_socket()));
}

TEST_CASE("control home: sockets that are another's by now stay", "[integration][io]") {
    ControlFixture fixture;
    fixture.serve();
    std::filesystem::remove(fixture.home.rpc_socket());
    leave_socket(fixture.home.rpc_socket());
    fixture.server.reset();
    CHECK(std::filesystem::exists(fixture.home.rpc_socket()));
    CHECK_FALSE(std::filesystem::exists(fixture.home.pub_socket()));
}

TEST_CASE("control home: connecting tells no daemon, a stale socket and a missing home apart",
          "[integration][io]") {
    const TempDir directory;
    const ipc::Home home(directory.path());
    CHECK(ipc::identify_daemon(home).kind == ipc::DaemonKind::None);
    CHECK(ipc::Client::connect(home).error().code == ErrorCode::NotFound);
    leave_socket(home.rpc_socket());
    CHECK(ipc::Client::connect(home).error().message ==
          "cannot connect to '" + home.rpc_socket().string() + "': Connection refused");
    CHECK(ipc::Client::connect(home).error().code == ErrorCode::Unavailable);
    CHECK(ipc::identify_daemon(ipc::Home(directory.path() / "none")).kind == ipc::DaemonKind::None);
}

TEST_CASE("control home: the home and its folders are made, with the reason when not", "[integration][io]") {
    const TempDir directory;
    const ipc::Home home(directory.path() / "a/b/.kpm");
    REQUIRE(ipc::ensure_home(home));
    REQUIRE(ipc::ensure_home(home));
    CHECK(std::filesystem::is_directory(home.logs()));
    CHECK(std::filesystem::is_directory(home.pids()));
    CHECK(std::filesystem::status(home.root()).permissions() == std::filesystem::perms::owner_all);

    std::ofstream(directory.path() / "file") << "x";
    const auto blocked = ipc::ensure_home(ipc::Home(directory.path() / "file"));
    REQUIRE_FALSE(blocked);
    CHECK(blocked.error().message ==
          "cannot create '" + (directory.path() / "file").string() + "': Not a directory");
}
