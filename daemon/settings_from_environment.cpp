#include "daemon/settings_from_environment.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>

#include "daemon/io/usable_cpus.h"
#include "ipc/base/signal_name.h"
#include "ipc/base/text.h"

namespace kpm {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

core::Duration milliseconds_or(const char* name, core::Duration otherwise) {
    const std::string_view text = variable(name);
    core::Duration::rep count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    return error == std::errc{} && end == text.data() + text.size() && count >= 0 ? core::Duration{count}
                                                                                  : otherwise;
}

std::optional<unsigned> number_in(const char* name) {
    const std::string_view text = variable(name);
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::optional<io::SocketOwner> socket_owner_from_environment() {
    const auto user = number_in("PM2_SOCKET_USER"), group = number_in("PM2_SOCKET_GROUP");
    if (!user || !group) return std::nullopt;
    return io::SocketOwner{*user, *group};
}

core::Settings settings_from_environment(const ipc::Home& home) {
    core::Settings settings;
    settings.home = home.root();
    settings.pid = ::getpid();
    settings.uid = ::getuid();
    settings.gid = ::getgid();
    if (const passwd* user = ::getpwuid(::getuid())) settings.user = user->pw_name;
    settings.started_at = {std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count()};
    settings.stop_signal = signal_number(variable("PM2_KILL_SIGNAL")).value_or(SIGINT);
    settings.kill_timeout = milliseconds_or("PM2_KILL_TIMEOUT", settings.kill_timeout);
    settings.listen_timeout = milliseconds_or("PM2_GRACEFUL_LISTEN_TIMEOUT", settings.listen_timeout);
    settings.memory_interval =
        std::max(milliseconds_or("PM2_WORKER_INTERVAL", settings.memory_interval), core::Duration{100});
    settings.backoff_reset = milliseconds_or("EXP_BACKOFF_RESET_TIMER", settings.backoff_reset);
    settings.stops_by_message = !variable("PM2_KILL_USE_MESSAGE").empty();
    settings.instance_var = variable("PM2_PROCESS_INSTANCE_VAR");
    settings.cpus = io::usable_cpus();
    for (const std::string_view word : split(variable("PM2_NODE_OPTIONS"), ' '))
        if (!word.empty()) settings.node_options.emplace_back(word);
    return settings;
}

}  // namespace kpm
