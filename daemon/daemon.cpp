#include "daemon/daemon.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <utility>

#include "daemon/commands/command.h"
#include "daemon/commands/control_commands.h"
#include "daemon/io/before_wait.h"
#include "daemon/io/daemon_log.h"
#include "daemon/io/small_file.h"
#include "daemon/settings_from_environment.h"

namespace kpm {
namespace {

constexpr std::chrono::seconds kInventoryLimit{10};
constexpr std::initializer_list<int> kSignals{SIGTERM, SIGINT, SIGQUIT, SIGUSR2, SIGHUP};
constexpr std::chrono::seconds kTrimAfter{1};
constexpr std::chrono::seconds kListenAgain{1};
constexpr std::chrono::seconds kFarewell{2};  // for replies that clients have not read yet

std::vector<std::string> method_names() {
    std::vector<std::string> names;
    for (const core::Command& command : core::commands()) names.emplace_back(command.method);
    return names;
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::open(const ipc::Home& home, UniqueFd socket) {
    std::unique_ptr<Daemon> daemon(new Daemon(home, settings_from_environment(home)));
    if (const auto started = daemon->start(std::move(socket)); !started) return started.error();
    return daemon;
}

Daemon::Daemon(const ipc::Home& home, core::Settings settings)
    : home_(home),
      settings_(std::move(settings)),
      trim_(loop_,
            [this] {
                is_trimming_ = true;
                ::malloc_trim(0);
            }),
      listen_again_(loop_, [this] { listen_late(); }) {}

Daemon::~Daemon() {
    signals_.reset();
    server_.reset();
    supervisor_.reset();
    host_.reset();
}

Result<void> Daemon::start(UniqueFd socket) {
    auto inventory = io::receive_inventory(socket.get(), kInventoryLimit);
    if (!inventory) return inventory.error();
    keeper_pid_ = inventory->keeper_pid;
    socket_owner_ = socket_owner_from_environment();
    // On the way to the sockets; what else lies in the home has modes of its own.
    if (socket_owner_ && ::chmod(home_.root().c_str(), 0711) != 0)
        io::write_daemon_log(os_error("open the way into", home_.root().string(), errno).message);
    server_ = io::ControlServer::make(
        loop_,
        {.on_request = [this](const ipc::Request& request,
                              const io::Responder& responder) { on_request(request, responder); },
         .on_notice = [](const std::string& line) { io::write_daemon_log(line); }},
        method_names());
    if (const auto listening = server_->listen(home_, socket_owner_); !listening) {
        // Apps that run need this daemon, whether or not anybody can talk to it.
        if (!inventory->state) return listening;
        io::write_daemon_log(
            fmt::format("{}; commands have to wait until that works", listening.error().message));
        listen_again_.start(kListenAgain);
    }

    auto host = io::UvHost::open(
        loop_, home_, std::move(socket), std::move(*inventory),
        {.post = [this](core::AppKey key, core::Event event) { supervisor_->post(key, std::move(event)); },
         .message =
             [this](core::AppKey key, Json message) {
                 supervisor_->post(
                     [this, key, message = std::move(message)] { supervisor_->take_message(key, message); });
             },
         .notification =
             [this](core::AppKey key, core::Notification notification) {
                 supervisor_->post([this, key, notification = std::move(notification)] {
                     supervisor_->take_notification(key, notification);
                 });
             },
         .probed =
             [this](core::AppKey key, core::ProbeKind kind, core::ProbeResult result) {
                 supervisor_->post([this, key, kind, result = std::move(result)] {
                     supervisor_->probed(key, kind, result);
                 });
             },
         .gpu_probed =
             [this](const std::string& pci, core::GpuProbeResult result) {
                 supervisor_->post([this, pci, result] { supervisor_->gpu_probed(pci, result); });
             },
         .files_changed =
             [this](const core::WatchKey& key, const std::string& path) {
                 supervisor_->post([this, key, path] { supervisor_->files_changed(key, path); });
             },
         .log_trouble =
             [this](int pm_id, core::LogTrouble trouble) {
                 supervisor_->post([this, pm_id, trouble = std::move(trouble)] {
                     supervisor_->note_log_trouble(pm_id, trouble);
                 });
             },
         .watch_told =
             [this](const core::WatchKey& key, const std::string& trouble) {
                 supervisor_->post([this, key, trouble] { supervisor_->watch_told(key, trouble); });
             },
         .channel_lost =
             [this](core::AppKey key, const std::string& reason) {
                 supervisor_->post([this, key, reason] { supervisor_->channel_lost(key, reason); });
             },
         .publish = [this](const std::string& topic,
                           const Json& payload) { server_->publish(topic, payload); },
         .has_followers = [this] { return server_ && server_->has_subscribers(); },
         .shut_down = [this](int client_pid) { shut_down(client_pid); },
         .keeper_gone =
             [this] {
                 io::write_daemon_log("the keeper is gone: nothing can be supervised any more, ending");
                 // What runs would be there twice after a resurrect.
                 supervisor_->post([this] { core::save_and_end(*supervisor_); });
             }});
    if (!host) return host.error();
    host_ = std::move(*host);
    settings_.notify_socket = host_->notify_socket();
    supervisor_.emplace(*host_, settings_);
    supervisor_->restore(host_->restored_state());
    host_->end_unclaimed();
    signals_.emplace(loop_, kSignals, [this](int number) { on_signal(number); });
    // The keeper starts kpmd with these blocked, so that none is lost before there is a handler. The other
    // threads, made before this, keep them blocked: signals come to this loop only.
    sigset_t handled;
    ::sigemptyset(&handled);
    for (const int number : kSignals) ::sigaddset(&handled, number);
    ::pthread_sigmask(SIG_UNBLOCK, &handled, nullptr);
    return {};
}

void Daemon::listen_late() {
    if (const auto listening = server_->listen(home_, socket_owner_); !listening)
        return listen_again_.start(kListenAgain);
    if (const auto written = io::write_small_file(home_.daemon_pid(), std::to_string(::getpid())); !written)
        io::write_daemon_log(written.error().message);
    io::write_daemon_log("commands are taken again");
}

int Daemon::run() {
    {
        const io::BeforeWait turn(loop_, [this] { end_turn(); });
        loop_.run();
    }
    // Answers that are on their way are delivered, to clients that read.
    server_->deliver_replies(kFarewell);
    return exit_status_;
}

void Daemon::end_turn() {
    supervisor_->drain();
    host_->end_turn();
    note_activity();
    host_->set_following(server_->has_subscribers());
    if (is_ending_) loop_.stop();
}

// Requests and starts leave freed pieces all over the heap, which would make a daemon of a hundred apps half
// as large again. The pages are given back a while after the work, once for all of it; an idle daemon sleeps.
void Daemon::note_activity() {
    if (std::exchange(is_trimming_, false) || trim_.is_active()) return;
    trim_.start(kTrimAfter);
}

void Daemon::on_request(const ipc::Request& request, const io::Responder& responder) {
    const core::Command* command = core::find_command(request.method);
    if (!command) return responder.unknown_method();
    supervisor_->post([this, command, args = request.args, responder] {
        supervisor_->set_client({.pid = responder.client().pid, .uid = responder.client().user});
        core::call(
            *command, *supervisor_, args,
            [responder, has_value = command->has_value](Result<Json> result) {
                if (result && !has_value) return responder.none();
                responder.answer(std::move(result));
            },
            [responder](std::string json) { responder.text(std::move(json)); });
    });
}

void Daemon::on_signal(int number) {
    if (number == SIGHUP) return;
    if (number == SIGUSR2) {
        supervisor_->post([this] { host_->reopen_logs(std::nullopt); });
        return;
    }
    supervisor_->post([this, number] {
        io::write_daemon_log(fmt::format("told to end (SIG{})", ::sigabbrev_np(number)));
        core::save_and_end(*supervisor_);
    });
}

void Daemon::shut_down(int client_pid) {
    server_->stop_listening();
    listen_again_.stop();
    // The keeper's death comes as a signal, too, and in any order: then this is a crash, and the pid file
    // stays.
    if (::getppid() == keeper_pid_)
        ::unlink(home_.daemon_pid().c_str());
    else
        exit_status_ = 1;
    host_->quit();
    // PM2's CLI waits for this signal; without it it believes in a hung daemon for three seconds.
    if (client_pid > 1) ::kill(client_pid, SIGQUIT);
    is_ending_ = true;
}

}  // namespace kpm
