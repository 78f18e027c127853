// kpm serve: files over HTTP from an app of the list, asked by a client that speaks to the socket itself.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "ipc/base/unique_fd.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"

namespace kpm::serve_test {
using namespace test;

namespace {

UniqueFd connect_to(int port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const timeval limit{30, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    return socket;
}

// All that comes until the server closes; "" when nobody listens.
std::string ask(int port, const std::string& request) {
    const UniqueFd socket = connect_to(port);
    if (!socket) return "";
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return "";
    std::string answer;
    char buffer[65536];
    for (ssize_t size; (size = ::recv(socket.get(), buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(size));
    return answer;
}

std::string get(int port, const std::string& path, const std::string& headers = "") {
    return ask(port, "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers + "\r\n");
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t count_files(const std::string& folder) {
    std::error_code gone;
    std::size_t count = 0;
    for (std::filesystem::directory_iterator it(folder, gone), end; !gone && it != end; it.increment(gone))
        ++count;
    return count;
}

}  // namespace

TEST_CASE("serve: a folder is an app of the list, and answers", "[e2e]") {
    const KpmHome kpm;
    kpm.write("www/index.html", "home");
    const std::string large(3 << 20, 'x');
    kpm.write("www/large.bin", large);
    const int port = free_port();
    const std::string name = "static-page-server-" + std::to_string(port);
    const CommandResult started = kpm.kpm({"serve", "www", std::to_string(port), "--spa"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(has(started.out,
              "[PM2] Serving " + (kpm.work() / "www").string() + " on port " + std::to_string(port)));
    CHECK(kpm.find(name)["pm2_env"]["PM2_SERVE_PORT"] == std::to_string(port));

    const std::string home = get(port, "/");
    CHECK(has(home, "HTTP/1.1 200 OK\r\n"));
    CHECK(has(home, "Content-Type: text/html\r\n"));
    CHECK(home.ends_with("\r\n\r\nhome"));
    CHECK(get(port, "/some/route").ends_with("\r\n\r\nhome"));
    CHECK(get(port, "/large.bin").ends_with("\r\n\r\n" + large));
    CHECK(get(port, "/large.bin", "Range: bytes=5-7\r\n").ends_with("\r\n\r\nxxx"));
    const std::string head = ask(port, "HEAD /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(has(head, "Content-Length: 3145728\r\n"));
    CHECK(head.ends_with("\r\n\r\n"));
    CHECK(has(get(port, "/../x"), "403"));
    CHECK(has(ask(port, "nonsense\r\n\r\n"), "400"));
    CHECK(has(ask(port, "GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), "431"));
    // Two requests at once on one connection.
    const std::string twice = ask(port,
                                  "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(twice.find("HTTP/1.1 200", 1) != std::string::npos);

    const UniqueFd idle = connect_to(port);
    const int pid = kpm.find(name)["pid"];
    REQUIRE(kpm.kpm({"stop", name}).status == 0);
    CHECK_FALSE(is_running(pid));
    CHECK(kpm.find(name)["pm2_env"]["exit_code"] == 0);
    CHECK(get(port, "/").empty());
    // A stopped server is started with what is asked for now.
    kpm.write("other/index.html", "other");
    REQUIRE(kpm.kpm({"serve", "other", std::to_string(port)}).status == 0);
    CHECK(get(port, "/").ends_with("other"));
}

TEST_CASE("serve: by a configuration file, with a password", "[e2e]") {
    const KpmHome kpm;
    kpm.write("www/start.html", "secret page");
    const int port = free_port();
    kpm.write(
        "site.json",
        R"({"apps":[{"name":"site","script":"serve","env":{"PM2_SERVE_PATH":"./www","PM2_SERVE_PORT":)" +
            std::to_string(port) +
            R"(,"PM2_SERVE_HOMEPAGE":"/start.html","PM2_SERVE_HOST":"127.0.0.1","PM2_SERVE_BASIC_AUTH":"true",
                               "PM2_SERVE_BASIC_AUTH_USERNAME":"u","PM2_SERVE_BASIC_AUTH_PASSWORD":"p"}}]})");
    const CommandResult started = kpm.kpm({"start", "site.json"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    REQUIRE(eventually([&] { return !get(port, "/").empty(); }));
    CHECK(has(get(port, "/"), "401"));
    CHECK(get(port, "/", "Authorization: Basic dTpw\r\n").ends_with("secret page"));
}

TEST_CASE("serve: with a password on the command line", "[e2e]") {
    const KpmHome kpm;
    kpm.write("www/index.html", "secret page");
    const int port = free_port();
    const CommandResult started = kpm.kpm(
        {"serve", "www", std::to_string(port), "--basic-auth-username", "u", "--basic-auth-password", "p"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const std::string refused = get(port, "/");
    CHECK(has(refused, "HTTP/1.1 401 "));
    CHECK_FALSE(has(refused, "secret page"));
    CHECK(has(get(port, "/", "Authorization: Basic dTpx\r\n"), "HTTP/1.1 401 "));  // u:x
    CHECK(get(port, "/", "Authorization: Basic dTpw\r\n").ends_with("secret page"));
}

TEST_CASE("serve: listings, unchanged files, and no way out of the folder", "[e2e]") {
    const KpmHome kpm;
    kpm.write("secret", "not for you");
    kpm.write("www/docs/a b.txt", "text");
    kpm.write("www/404.html", "lost");
    std::filesystem::create_symlink(kpm.work() / "secret", kpm.work() / "www/link");
    const int port = free_port();
    const CommandResult started = kpm.kpm({"serve", "www", "--port", std::to_string(port), "--ftp"});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    CHECK(has(get(port, "/docs"), "Location: /docs/\r\n"));
    CHECK(has(get(port, "/docs/"), "<a href=\"./a%20b.txt\">"));
    const std::string file = get(port, "/docs/a%20b.txt");
    CHECK(file.ends_with("\r\n\r\ntext"));
    CHECK(has(file, "Last-Modified: "));
    const std::size_t begin = file.find("ETag: ") + 6;
    const std::string etag = file.substr(begin, file.find("\r\n", begin) - begin);
    const std::string unchanged = get(port, "/docs/a%20b.txt", "If-None-Match: " + etag + "\r\n");
    CHECK(has(unchanged, "HTTP/1.1 304 "));
    CHECK(unchanged.ends_with("\r\n\r\n"));
    CHECK(has(get(port, "/docs/a%20b.txt", "Range: bytes=9-\r\n"), "HTTP/1.1 416 "));
    const std::string missing = get(port, "/nothing");
    CHECK(has(missing, "HTTP/1.1 404 "));
    CHECK(missing.ends_with("\r\n\r\nlost"));
    for (const char* path : {"/../secret", "/%2e%2e/secret", "/docs/..%2f..%2fsecret", "/link"}) {
        INFO(path);
        const std::string answer = get(port, path);
        CHECK(has(answer, "HTTP/1.1 403 "));
        CHECK_FALSE(has(answer, "not for you"));
    }
}

TEST_CASE("serve: who holds all connections and asks for nothing locks nobody out", "[e2e]") {
    constexpr std::size_t kAll = 400;
    const KpmHome kpm;
    kpm.write("www/index.html", "home");
    const int port = free_port();
    const CommandResult started = kpm.kpm({"serve", "www", std::to_string(port)});
    INFO(started.out << started.err << kpm.daemon_log());
    REQUIRE(started.status == 0);
    const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::string descriptors = "/proc/" + std::to_string(kpm.list()[0]["pid"].get<int>()) + "/fd";
    const std::size_t before = count_files(descriptors);
    std::vector<UniqueFd> held;
    while (held.size() < kAll) {
        held.push_back(connect_to(port));
        REQUIRE(held.back());
    }
    // The kernel connects before the server has accepted.
    REQUIRE(eventually([&] { return count_files(descriptors) >= before + kAll; }));
    const auto answer_on = [&](const UniqueFd& socket) {
        char buffer[4096];
        const bool is_sent = ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) > 0;
        const ssize_t size = is_sent ? ::recv(socket.get(), buffer, sizeof buffer, 0) : 0;
        return std::string(buffer, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    };
    const UniqueFd newcomer = connect_to(port);
    REQUIRE(newcomer);
    CHECK(has(answer_on(newcomer), "HTTP/1.1 200 OK\r\n"));
    // One has made way; that all would be given up some time is of no help.
    std::vector<std::string> answers;
    for (const UniqueFd& socket : held)
        if (std::string answer = answer_on(socket); !answer.empty()) answers.push_back(std::move(answer));
    REQUIRE(answers.size() == kAll - 1);
    CHECK(has(answers.front(), "Connection: close\r\n"));
}

TEST_CASE("serve: what cannot be served is said, exit 1", "[e2e]") {
    const KpmHome kpm;
    const auto says = [&](std::vector<std::string> words, const std::string& text) {
        const CommandResult result = kpm.kpm(std::move(words));
        INFO(result.out << result.err);
        CHECK(result.status == 1);
        CHECK(has(result.err, text));
    };
    says({"serve", "nothing"},
         "cannot serve '" + (kpm.work() / "nothing").string() + "': No such file or directory");
    says({"serve", ".", "http"}, "cannot listen on 'http': not a port");
    says({"serve", ".", "--basic-auth-username", "u"}, "belong together");
    const int port = free_port();
    REQUIRE(kpm.kpm({"serve", ".", std::to_string(port)}).status == 0);
    says({"serve", ".", std::to_string(port), "--name", "second"},
         "cannot listen on '0.0.0.0:" + std::to_string(port) + "': Address already in use");
}

}  // namespace kpm::serve_test
