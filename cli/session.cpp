#include "cli/session.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "cli/launch.h"
#include "cli/variable.h"
#include "ipc/protocol.h"

namespace kpm::cli {
namespace {

// How long a daemon may take that somebody else is starting.
constexpr std::chrono::seconds kPatience{5};
// For how long one that was killed may still take connections: until the last of its threads has ended.
constexpr std::chrono::seconds kLastBreath{1};
constexpr std::chrono::milliseconds kPause{20};

bool pm2_is_allowed() {
    const char* value = std::getenv("KPM_ALLOW_PM2");
    return value != nullptr && std::string_view(value) == "1";
}

Error refused(const ipc::Home& home, const Error& reason) {
    return {ErrorCode::Denied, fmt::format("Permission denied: {} (is '{}' another user's?)", reason.message,
                                           home.root().string())};
}

// A daemon closes the connection of a user who is not its own, whatever the mode of its socket.
bool is_anothers(const ipc::Home& home) {
    struct stat socket {};
    return geteuid() != 0 && stat(home.rpc_socket().c_str(), &socket) == 0 && socket.st_uid != geteuid();
}

struct Launched {
    ipc::Client client;
    bool is_own = false;  // by this command; otherwise somebody else was faster
};

Result<Launched> launch_and_connect(const ipc::Home& home, Console& console) {
    const bool discrete = is_set("PM2_DISCRETE_MODE");
    if (!discrete) console.info(fmt::format("Spawning PM2 daemon with pm2_home={}", home.root().string()));
    auto launched = launch_daemon(home);
    auto client = ipc::Client::connect(home);
    // The lock is taken: another command is starting the daemon, a keeper puts one in the place of one that
    // died, or ends after a kill. The last leaves nobody behind, so it is tried again.
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!client && !launched && launched.error().code == ErrorCode::Exists &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(kPause);
        client = ipc::Client::connect(home);
        if (!client) launched = launch_daemon(home);
        if (launched) client = ipc::Client::connect(home);
    }
    if (!client) return launched ? client.error() : launched.error();
    if (!discrete) console.info("PM2 Successfully daemonized");
    return Launched{std::move(*client), launched.has_value()};
}

Result<ProcessList> list_from(Result<Json> data) {
    if (!data) return data.error();
    ProcessList list{std::move(*data), {}};
    list.rows = read_rows(list.data);
    return list;
}

// Older daemons do not tell, and PM2's takes all.
unsigned cpus_of(const Json& hello) {
    const auto told = integer_of(hello, "cpus");
    return static_cast<unsigned>(
        std::max(1L, told ? static_cast<long>(*told) : sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace

int keeper_version_in(const Json& hello) {
    return static_cast<int>(integer_of(hello, "keeper").value_or(kUntoldKeeperVersion));
}

Result<Session> Session::open(const ipc::Home& home, Console& console, IfAbsent if_absent,
                              Question question) {
    const auto limit = std::chrono::steady_clock::now() + kLastBreath;
    for (;;) {
        bool is_dying = false;
        auto session = open_once(home, console, if_absent, question, is_dying);
        if (!is_dying || std::chrono::steady_clock::now() > limit) return session;
        std::this_thread::sleep_for(kPause);
    }
}

Result<Session> Session::open_once(const ipc::Home& home, Console& console, IfAbsent if_absent,
                                   Question question, bool& is_dying) {
    auto client = ipc::Client::connect(home);
    if (!client && client.error().code == ErrorCode::Denied) return refused(home, client.error());
    bool is_new = false;
    if (!client) {
        if (if_absent == IfAbsent::Fail) return Error{ErrorCode::NotFound, client.error().message};
        auto launched = launch_and_connect(home, console);
        if (!launched) return launched.error();
        is_new = launched->is_own;
        client = std::move(launched->client);
    }
    Session session(std::move(*client));
    session.is_new_ = is_new;
    session.question_ = question;
    if (auto known = session.identify(); !known) {
        if (is_anothers(home)) return refused(home, known.error());
        is_dying = !is_new && known.error().code == ErrorCode::Unavailable;
        return known.error();
    }
    if (!session.is_kpm_ && !pm2_is_allowed()) {
        return Error{
            ErrorCode::Exists,
            fmt::format(
                "a PM2 daemon runs in {}; to switch, run `pm2 save && pm2 kill`, then `kpm resurrect`; "
                "to keep both, give kpm another home by KPM_HOME",
                home.root().string())};
    }
    if (session.is_kpm_ && session.daemon_version_ != KPM_VERSION) {
        console.error_line(
            fmt::format(">>>> In-memory kpm is out-of-date, do:\n>>>> $ kpm update\n"
                        "In memory kpm version: {}\nLocal kpm version: {}",
                        session.daemon_version_, KPM_VERSION));
    }
    return session;
}

Result<void> Session::identify() {
    const auto greeting = client_.send(ipc::method::kHello);
    // A new daemon has not yet what is started along with it.
    if (question_ == Question::List && !is_new_)
        asked_ = client_.send_for_text(ipc::method::kGetMonitorData);
    else if (question_ == Question::BriefList && !is_new_)
        asked_ = client_.send(ipc::method::kGetMonitorData, brief_list_args());
    const auto hello = client_.wait(greeting, ipc::kConnectTimeout);
    if (hello) {
        is_kpm_ = true;
        daemon_version_ = text_of(*hello, "version");
        if (daemon_version_.empty()) daemon_version_ = text_of(*hello, "kpm");
        cpus_ = cpus_of(*hello);
        keeper_version_ = keeper_version_in(*hello);
        return {};
    }
    if (hello.error().message.find("does not exist") == std::string::npos) return hello.error();
    const auto version =
        client_.call(ipc::method::kGetVersion, Json::array({Json::object()}), ipc::kConnectTimeout);
    if (!version) return version.error();
    cpus_ = cpus_of(Json::object());
    daemon_version_ = version->is_string() ? version->get<std::string>() : std::string();
    return {};
}

Result<std::string> Session::answer() {
    const auto asked = std::exchange(asked_, std::nullopt);
    return asked ? client_.wait_for_text(*asked) : client_.call_for_text(ipc::method::kGetMonitorData);
}

Result<ProcessList> Session::list() {
    return list_from(client_.call(ipc::method::kGetMonitorData));
}

Result<ProcessList> Session::brief_list() {
    return list_from(client_.call(ipc::method::kGetMonitorData, brief_list_args()));
}

Result<ProcessList> Session::first_list() {
    const auto asked = std::exchange(asked_, std::nullopt);
    return asked ? list_from(client_.wait(*asked)) : brief_list();
}

void Session::prepare_to_show() {
    // Its answer is not for us: the daemon has what the next one takes.
    if (!std::exchange(is_prepared_, true)) client_.send(ipc::method::kGetSystemData);
}

void Session::ask_to_show() {
    ahead_ = {client_.send(ipc::method::kGetSystemData),
              client_.send(ipc::method::kGetMonitorData, brief_list_args())};
    (void)client_.flush();  // a lost connection is told by who waits
}

Session::Shown Session::to_show() {
    if (ahead_.data == 0 || ahead_.data != client_.last_sent()) ask_to_show();
    const auto [system, data] = std::exchange(ahead_, {});
    auto system_data = client_.wait(system);
    return {std::move(system_data), client_.wait(data)};
}

Json Session::brief_list_args() {
    return Json::array({{{ipc::kEnvironmentOption, false}}});
}

}  // namespace kpm::cli
