// What clients and users do wrong: each is told what is wrong, exit code 1, and nobody else notices.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "ipc/amp_frame.h"
#include "ipc/base/unique_fd.h"
#include "ipc/rpc_message.h"
#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/outcome.h"
#include "tests/support/process_table.h"
#include "tests/support/programs_for_all.h"
#include "tests/support/terminal_command.h"

namespace kpm::bad_input_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr const char* kStays = "while :; do sleep 1; done\n";

UniqueFd connect_to(const fs::path& path) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    return socket;
}

bool is_closed_by_peer(const UniqueFd& socket) {
    char byte;
    const ssize_t got = ::recv(socket.get(), &byte, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

// A home with a daemon and an app in it, which all that is done to the sockets must leave alone.
struct Served {
    KpmHome kpm;
    int daemon = 0, app = 0;

    Served() {
        kpm.write("app.sh", kStays);
        REQUIRE(kpm.kpm({"start", "app.sh"}).status == 0);
        daemon = kpm.daemon_pid();
        app = kpm.find("app")["pid"];
    }
    void check() const {
        INFO(kpm.daemon_log());
        CHECK(kpm.kpm({"ping"}).status == 0);
        CHECK(kpm.daemon_pid() == daemon);
        CHECK(kpm.find("app")["pid"] == app);
        CHECK(kpm.find("app")["pm2_env"]["restart_time"] == 0);
    }
};

// With the input from a file or a command of the shell.
CommandResult run_shell(const KpmHome& kpm, const std::string& line) {
    auto env = kpm.env();
    env["PATH"] = bin_dir().string() + ":" + std::getenv("PATH");
    return run_command({"bash", "-o", "pipefail", "-c", line}, env, kpm.work());
}

CommandResult as_another_user(const std::vector<std::string>& words, std::map<std::string, std::string> env) {
    std::vector<std::string> line{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    line.insert(line.end(), words.begin(), words.end());
    return run_command(line, env, "/");
}

bool can_become_another() {
    return ::geteuid() == 0 && run_command({"setpriv", "--reuid=65534", "true"}).status == 0;
}

// Plays a daemon that says hello as another version of kpm, with an empty list.
class OtherVersion {
public:
    explicit OtherVersion(const KpmHome& kpm) {
        fs::create_directories(kpm.home());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, (kpm.home() / "rpc.sock").c_str(), sizeof address.sun_path - 1);
        listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener_.get(), 8) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~OtherVersion() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

private:
    void serve() {
        for (;;) {
            const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            ipc::AmpDecoder decoder;
            char buffer[65536];
            for (ssize_t size; (size = ::recv(client.get(), buffer, sizeof buffer, 0)) > 0;) {
                decoder.feed({buffer, static_cast<std::size_t>(size)});
                for (auto frame = decoder.next(); frame && *frame; frame = decoder.next())
                    answer(client, **frame);
            }
        }
    }
    static void answer(const UniqueFd& client, const ipc::AmpFrame& frame) {
        const auto incoming = ipc::decode_request(frame);
        const auto& request = std::get<ipc::Request>(*incoming);
        Json value = Json::array();
        if (request.method == "kpm.hello") value = {{"kpm", "0.0.7"}, {"protocol", 1}};
        if (request.method == "getSystemData") value = Json::object();
        const std::string bytes = ipc::encode(ipc::value_reply(request.id, std::move(value)));
        (void)::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    UniqueFd listener_;
    std::thread thread_;
};

// kpm's own line about what it waits for, on a slow machine, begins by clearing the line.
std::string without_progress(std::string text) {
    constexpr std::string_view kClear = "\r\x1b[K";
    for (std::size_t at; (at = text.find(kClear)) != std::string::npos;) text.erase(at, kClear.size());
    return text;
}

}  // namespace

TEST_CASE("bad input: commands and options that do not exist", "[e2e]") {
    const KpmHome kpm;
    CommandResult result = kpm.kpm({"restrt", "all"});
    CHECK(result.status == 1);
    CHECK(says(result, "Command not found, did you mean restart?"));
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"start", "--frobnicate"}, {"--frobnicate"}, {"logs", "--nostraem"}}) {
        result = kpm.kpm(words);
        INFO(result.out << result.err);
        CHECK(result.status == 1);
        CHECK(says(result, "error: unknown option `--"));
    }
    CHECK(says(kpm.kpm({"stop"}), "error: missing required argument"));
    CHECK(says(kpm.kpm({"start", "--name"}), "argument missing"));
    CHECK(kpm.daemon_pid() == 0);  // none was started for any of these
}

TEST_CASE("bad input: targets that do not exist", "[e2e]") {
    const Served served;
    for (const char* command : {"stop", "restart", "reload", "delete", "describe", "env", "reset", "why"}) {
        for (const char* target : {"nobody", "7", "/no.*body/"}) {
            const CommandResult result = served.kpm.kpm({command, target});
            INFO(command << " " << target << "\n" << result.out << result.err);
            const bool pm2_says_zero = command == std::string("reset") && target == std::string("7");
            CHECK(result.status == (pm2_says_zero ? 0 : 1));
            CHECK_FALSE(result.err.empty());
        }
        const CommandResult broken = served.kpm.kpm({command, "/[/"});
        INFO(command << "\n" << broken.out << broken.err);
        CHECK(broken.status == 1);
        CHECK_FALSE(broken.err.empty());
    }
    CHECK(says(served.kpm.kpm({"stop", "/[/"}), "cannot"));
    CHECK(says(served.kpm.kpm({"stop", ""}), "not found"));
    served.check();
}

TEST_CASE("bad input: a configuration on standard input that is none", "[e2e]") {
    const Served served;
    for (const char* input : {"{\"apps\": [", "", "null", "[[[[", "\\x00\\xff", "{\"apps\": 3}"}) {
        for (const char* command : {"start", "restart", "stop", "delete"}) {
            const CommandResult result =
                run_shell(served.kpm, std::string("printf '") + input + "' | kpm " + command + " -");
            INFO(command << " - < " << input << "\n" << result.out << result.err);
            CHECK(result.status == 1);
            CHECK(says(result, "[PM2][ERROR] "));
        }
    }
    const CommandResult endless = run_shell(served.kpm, "yes | kpm start -");
    INFO(endless.err);
    CHECK(endless.status == 1);
    CHECK(says(endless, "longer than 4 MiB"));
    // Deep enough to end a parser that calls itself for each level.
    const CommandResult deep =
        run_shell(served.kpm, "head -c 1000000 /dev/zero | tr '\\0' '[' | kpm start -");
    CHECK(deep.status == 1);
    CHECK(run_shell(served.kpm, "kpm start - <&-").status == 1);
    served.check();
}

TEST_CASE("bad input: frames that are too long, cut, or no frames", "[e2e]") {
    const Served served;
    const auto rpc = served.kpm.home() / "rpc.sock";
    const auto before = figures_of(served.daemon).resident;

    const UniqueFd giant = connect_to(rpc);
    REQUIRE(giant);
    const std::string head("\x12\x40\x00\x00\x00j:", 7);  // two arguments, the first of 1 GiB
    REQUIRE(::send(giant.get(), head.data(), head.size(), MSG_NOSIGNAL) == 7);
    CHECK(eventually([&] { return is_closed_by_peer(giant); }));

    const UniqueFd noise = connect_to(rpc);
    const std::string http = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    REQUIRE(::send(noise.get(), http.data(), http.size(), MSG_NOSIGNAL) > 0);
    CHECK(eventually([&] { return is_closed_by_peer(noise); }));

    const std::string request = ipc::encode(ipc::Request{"ping", Json::array(), "1"});
    std::vector<UniqueFd> half;
    for (int i = 0; i < 50; ++i) {
        half.push_back(connect_to(rpc));
        REQUIRE(::send(half.back().get(), request.data(), request.size() / 2, MSG_NOSIGNAL) > 0);
    }
    served.check();
    half.clear();
    served.check();
    CHECK(figures_of(served.daemon).resident < before + 64'000'000);
}

TEST_CASE("bad input: clients that do not read", "[e2e]") {
    const Served served;
    const auto before = figures_of(served.daemon).resident;
    // One asks for lists without end, one subscribes and looks away while an app floods the bus.
    const UniqueFd deaf = connect_to(served.kpm.home() / "pub.sock");
    const UniqueFd greedy = connect_to(served.kpm.home() / "rpc.sock");
    REQUIRE((deaf && greedy));
    const std::string request =
        ipc::encode(ipc::Request{"getMonitorData", Json::array({Json::object()}), "1"});
    for (int i = 0; i < 20'000; ++i)
        if (::send(greedy.get(), request.data(), request.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) break;
    served.kpm.write("flood.sh",
                     "yes 'a line of a flood that nobody reads' | head -c 60000000\nsleep 1000\n");
    REQUIRE(served.kpm.kpm({"start", "flood.sh"}).status == 0);
    const auto log = served.kpm.home() / "logs" / "flood-out.log";
    std::error_code ignored;
    CHECK(eventually([&] { return fs::file_size(log, ignored) >= 60'000'000; }));
    served.check();
    // The bounds of what waits for a client (control_server.h), and a margin for the machine's allocator.
    CHECK(figures_of(served.daemon).resident < before + 400'000'000);
}

TEST_CASE("bad input: a thousand clients at once", "[e2e]") {
    const Served served;
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    const std::string request = ipc::encode(ipc::Request{"ping", Json::array(), "1"});
    const std::string reply = ipc::encode(ipc::value_reply("1", {{"msg", "pong"}}));
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 1000; ++i) {
        clients.push_back(connect_to(served.kpm.home() / "rpc.sock"));
        REQUIRE(clients.back());
        REQUIRE(::send(clients.back().get(), request.data(), request.size(), MSG_NOSIGNAL) > 0);
    }
    for (const UniqueFd& client : clients) {
        std::string got(reply.size(), '\0');
        REQUIRE(::recv(client.get(), got.data(), got.size(), MSG_WAITALL) ==
                static_cast<ssize_t>(reply.size()));
        CHECK(got == reply);
    }
    served.check();
}

TEST_CASE("bad input: a thousand followers of the bus, one of which sends half a frame", "[e2e]") {
    const Served served;
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    const auto pub = served.kpm.home() / "pub.sock";
    const std::string request = ipc::encode(ipc::Request{"ping", Json::array(), "1"});
    const UniqueFd half = connect_to(pub);
    REQUIRE(half);
    REQUIRE(::send(half.get(), request.data(), request.size() / 2, MSG_NOSIGNAL) > 0);
    std::vector<UniqueFd> followers;
    for (int i = 0; i < 1000; ++i) {
        followers.push_back(connect_to(pub));
        REQUIRE(followers.back());
    }
    // Which of them the daemon has let in yet is unknown: it is told until all have heard.
    std::vector<bool> has_heard(followers.size());
    CHECK(eventually([&] {
        served.kpm.kpm({"stop", "app", "--silent"});
        for (std::size_t i = 0; i < followers.size(); ++i) {
            char byte;
            has_heard[i] = has_heard[i] || ::recv(followers[i].get(), &byte, 1, MSG_DONTWAIT) == 1;
        }
        return std::ranges::count(has_heard, false) == 0;
    }));
    followers.clear();
    CHECK(served.kpm.kpm({"ping"}).status == 0);
    CHECK(served.kpm.daemon_pid() == served.daemon);
}

TEST_CASE("bad input: a daemon of another version is used, and said", "[e2e]") {
    const KpmHome kpm;
    const OtherVersion daemon(kpm);
    const CommandResult result = kpm.kpm({"list"});
    INFO(result.out << result.err);
    CHECK(result.status == 0);
    CHECK(result.err.find(
              "In-memory kpm is out-of-date, do:\n>>>> $ kpm update\nIn memory kpm version: 0.0.7\n") !=
          std::string::npos);
    CHECK(says(result, "│"));
    CHECK(kpm.kpm({"jlist"}).out == "[]");
}

TEST_CASE("bad input: another user is refused in words", "[e2e]") {
    REQUIRE(can_become_another());
    const Served served;
    struct stat socket {};
    for (const char* name : {"rpc.sock", "pub.sock"}) {
        REQUIRE(::stat((served.kpm.home() / name).c_str(), &socket) == 0);
        CHECK((socket.st_mode & 0777) == 0600);
    }
    REQUIRE(::stat(served.kpm.home().c_str(), &socket) == 0);
    CHECK((socket.st_mode & 0077) == 0);
    const std::vector<std::string> list{(bin_dir() / "kpm").string(), "list"};
    fs::permissions(served.kpm.home().parent_path(), fs::perms(0755));
    CommandResult result = as_another_user(list, served.kpm.env());
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "Permission denied"));
    // Even where the modes let everybody in.
    fs::permissions(served.kpm.home(), fs::perms(0755));
    for (const char* name : {"rpc.sock", "pub.sock"})
        fs::permissions(served.kpm.home() / name, fs::perms(0666));
    result = as_another_user(list, served.kpm.env());
    INFO(result.out << result.err << served.kpm.daemon_log());
    CHECK(result.status == 1);
    CHECK(says(result, "Permission denied"));
    CHECK(says(result, "another user's?"));
    CHECK(served.kpm.daemon_log().find("refused a client of uid 65534") != std::string::npos);
    served.check();
}

TEST_CASE("bad input: without a home there is one for the user, which must be the user's own", "[e2e]") {
    REQUIRE(can_become_another());
    const ProgramsForAll programs;
    const fs::path fallback = "/tmp/.kpm-54321";
    std::string home;
    const auto as_nobody = [&](const char* command) {
        return run_command({"setpriv", "--reuid=54321", "--clear-groups", programs.kpm(), command},
                           {{"KPM_HOME", ""}, {"PM2_HOME", ""}, {"HOME", home}}, "/");
    };
    REQUIRE_FALSE(fs::exists(fallback));
    fs::create_directory(fallback);  // laid there by another user, here root
    fs::permissions(fallback, fs::perms(0777));
    CommandResult result = as_nobody("ping");
    fs::remove_all(fallback);
    INFO(result.out << result.err);
    CHECK(result.status == 1);
    CHECK(says(result, "cannot use '" + fallback.string() + "': it is another user's"));

    for (const char* none : {"", "/tmp/kpm-no-home-of-54321"}) {  // the second could be made by anybody
        home = none;
        result = as_nobody("ping");
        const CommandResult killed = as_nobody("kill");
        fs::remove_all(fallback);
        INFO(none << "\n" << result.out << result.err);
        CHECK(result.status == 0);
        CHECK(says(result, "pm2_home=" + fallback.string()));
        CHECK(killed.status == 0);
        CHECK(fs::remove_all(none) == 0);
    }
}

TEST_CASE("bad input: terminals that are narrow, without a size, or not for UTF-8", "[e2e]") {
    const Served served;
    auto env = served.kpm.env();
    env["NO_COLOR"] = "";
    env["TERM"] = "xterm";
    const std::string kpm = (bin_dir() / "kpm").string();
    for (const int columns : {1, 2, 10, 40, 80, 0}) {
        for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
                 {kpm, "list"}, {kpm, "describe", "app"}, {kpm, "restart", "app"}}) {
            const CommandResult result =
                run_on_terminal(words, env, served.kpm.work(), static_cast<unsigned short>(columns));
            INFO(words[1] << " on " << columns << " columns\n" << result.out);
            CHECK(result.status == 0);
            CHECK_FALSE(result.out.empty());
        }
    }
    CHECK(run_on_terminal({kpm, "list"}, env, served.kpm.work(), 200).out.find("\x1b[") != std::string::npos);
    env["LC_ALL"] = "C";
    CHECK(run_on_terminal({kpm, "list"}, env, served.kpm.work(), 80).status == 0);
    for (const auto& [name, value] :
         std::map<std::string, std::string>{{"NO_COLOR", "1"}, {"TERM", "dumb"}, {"FORCE_COLOR", "0"}}) {
        auto plain = env;
        plain[name] = value;
        const CommandResult result = run_on_terminal({kpm, "list"}, plain, served.kpm.work(), 200);
        INFO(name);
        CHECK(result.status == 0);
        CHECK(result.out.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("bad input: an app cannot drive the terminal of who lists it", "[e2e]") {
    const KpmHome kpm;
    auto env = kpm.env();
    env["NO_COLOR"] = "1";
    kpm.write("app.sh", std::string("echo 'title \x1b]0;owned\x07 red \x1b[31m' >&2\n") + kStays);
    const std::string name = "evil\x1b]0;owned\x07\x1b[2J\rname";
    REQUIRE(kpm.kpm({"start", "app.sh", "--name", name}).status == 0);
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"list"},
                                               {"list", "-m"},
                                               {"describe", "0"},
                                               {"restart", "0"},
                                               {"why", "0"},
                                               {"stop", name},
                                               {"start", "no\x1b]0;owned\x07.sh"},
                                               {"restart", "no\x1b]0;owned\x07"},
                                               {"restart", "0", "--cwd", "/no\x1b]0;owned\x07"},
                                               {"save"}}) {
        std::vector<std::string> line = words;
        line.insert(line.begin(), (bin_dir() / "kpm").string());
        const CommandResult result = run_on_terminal(line, env, kpm.work(), 200);
        INFO(words[0] << "\n" << result.out);
        CHECK(result.status ==
              (words.back().find('\x07') != std::string::npos && words[0] != "stop" ? 1 : 0));
        CHECK(without_progress(result.out).find('\x1b') == std::string::npos);
        CHECK(result.out.find('\x07') == std::string::npos);
    }
}

TEST_CASE("bad input: an output that nobody reads", "[e2e]") {
    const Served served;
    for (const char* line :
         {"kpm list | true", "kpm jlist | head -c 1", "kpm logs | true", "kpm list --watch | head -1",
          "kpm list >&-", "kpm jlist >&- 2>&-", "kpm list <&- >&- 2>&-", "kpm logs --nostream >/dev/full"}) {
        const CommandResult result = run_shell(served.kpm, line);
        INFO(line << "\n" << result.out << result.err);
        CHECK(result.status == 0);
    }
    served.check();
    // What was asked for is done to its end.
    served.kpm.write("other.sh", kStays);
    CHECK(run_shell(served.kpm, "kpm start other.sh --name other | true").status == 0);
    CHECK(served.kpm.find("other")["pm2_env"]["status"] == "online");
    CHECK(run_shell(served.kpm, "kpm delete other >&-").status == 0);
    CHECK(served.kpm.find("other").is_null());
    CHECK(served.kpm.daemon_log().find("disconnected a client") == std::string::npos);
}

}  // namespace kpm::bad_input_test
