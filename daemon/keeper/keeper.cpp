#include "daemon/keeper/keeper.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

#include "daemon/keeper/spawn_spec.h"

namespace kpm::keeper {
namespace {

// Packets read before exits are looked after again.
constexpr int kPacketsPerTurn = 64;

}  // namespace

bool Keeper::open_loop() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (const int signo : {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR2}) ::sigaddset(&wanted, signo);
    signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    if (!signals_ || !epoll_) {
        relay_.fail("cannot set up the loop: %s", std::strerror(errno));
        return false;
    }
    watch(EPOLL_CTL_ADD, signals_.get(), EPOLLIN);
    const int error = launcher_.start();
    if (error) relay_.fail("cannot start a thread: %s", std::strerror(error));
    return error == 0;
}

void Keeper::watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) < 0)
        log_line("cannot watch a descriptor: %s", std::strerror(errno));
}

int Keeper::run() {
    if (!open_loop()) return 1;
    while (!finished_) {
        if (daemon_.next_start() == 0 && !start_daemon()) return 1;
        flush();
        epoll_event events[4];
        const int count = ::epoll_wait(epoll_.get(), events, 4, daemon_.next_start());
        for (int i = 0; i < count; ++i) {
            const int fd = events[i].data.fd;
            if (fd == signals_.get())
                handle_signals();
            else if (fd == relay_.pipe_fd())
                relay_.forward();
            else if (fd == link_.fd())
                read_link(kPacketsPerTurn);
        }
    }
    return exit_code_;
}

bool Keeper::start_daemon() {
    const bool first = daemon_.start_count() == 0;
    UniqueFd ready = first ? relay_.make_pipe() : UniqueFd{};
    if (first && !ready) {
        relay_.fail("cannot make a pipe: %s", std::strerror(errno));
        return false;
    }
    UniqueFd link = daemon_.start(std::move(ready));
    if (!link) {
        const char* reason = std::strerror(daemon_.failed().error);
        if (first)
            relay_.fail("cannot execute '%s': %s", options_.daemon, reason);
        else
            log_line("cannot execute '%s': %s, trying again in %d ms", options_.daemon, reason,
                     daemon_.next_start());
        return !first;
    }
    if (first) watch(EPOLL_CTL_ADD, relay_.pipe_fd(), EPOLLIN);
    link_.open(std::move(link));
    link_events_ = EPOLLIN;
    watch(EPOLL_CTL_ADD, link_.fd(), link_events_);
    inventory_.begin(daemon_.start_count());
    if (stop_asked_) daemon_.signal(SIGTERM);
    return true;
}

void Keeper::handle_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        const int signo = static_cast<int>(info.ssi_signo);
        if (signo == SIGHUP || signo == SIGUSR2) daemon_.signal(signo);
        if (signo == SIGTERM || signo == SIGINT || signo == SIGQUIT) {
            stop_asked_ = true;
            daemon_.signal(SIGTERM);
            daemon_.start_at_once();
        }
    }
    reap();
}

void Keeper::reap() {
    siginfo_t info{};
    while (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid > 0) {
        const bool exited = info.si_code == CLD_EXITED;
        const int exit_code = exited ? info.si_status : -1;
        const int signal = exited ? 0 : info.si_status;
        if (info.si_pid == daemon_.pid())
            daemon_exited(exit_code, signal);
        else
            children_.mark_exited(info.si_pid, exit_code, signal);
        info.si_pid = 0;
    }
}

void Keeper::daemon_exited(int exit_code, int signal) {
    // What it sent before it died counts: a Spawn is in its state, a Quit must be known.
    const int pid = daemon_.pid();
    daemon_.mark_exited();
    forget_answer();
    inventory_ = Inventory{};
    while (link_.is_open() && read_link(kPacketsPerTurn)) continue;
    if (link_.is_open()) close_link();
    while (Child* child = children_.first_queued())
        children_.dequeue(*child);  // the next inventory names them
    while (relay_.pipe_fd() >= 0 && relay_.forward()) continue;

    finished_ = quit_ || !relay_.was_ready();
    if (!relay_.was_ready() && !quit_) exit_code_ = 1;
    const char* how = signal ? "signal" : "exit code";
    const int which = signal ? signal : exit_code;
    if (!relay_.was_answered()) relay_.fail("kpmd ended with %s %d before it was ready", how, which);
    if (!finished_)
        log_line("kpmd (pid %d) ended with %s %d, starting it again in %d ms", pid, how, which,
                 daemon_.next_start());
}

bool Keeper::read_link(int most) {
    for (; most > 0 && may_read(); --most) {
        Packet packet;
        switch (link_.receive(packet)) {
            case Link::Received::Yes:
                handle(packet);
                break;
            case Link::Received::Malformed:
                log_line("ignored a packet that is no message");
                break;
            case Link::Received::Nothing:
                return false;
            case Link::Received::Gone:
                close_link();
                return false;
        }
    }
    return may_read();
}

void Keeper::handle(Packet& packet) {
    const Message& message = packet.message;
    if (message.kind == Kind::Spawn) return spawn(packet);
    const bool takes_fd = message.kind == Kind::Store || message.kind == Kind::SetState;
    if (packet.fd_count != (takes_fd ? 1u : 0u) || packet.fds_lost) {
        log_line("ignored message %u with %zu descriptors%s", static_cast<unsigned>(message.kind),
                 packet.fd_count, packet.fds_lost ? ", some lost" : "");
        return;
    }
    Child* child = nullptr;
    switch (message.kind) {
        case Kind::Collected:
            child = children_.find(message.token);
            if (child && !child->alive) return children_.forget(*child);
            break;
        case Kind::Store:
            if (store_.put(message.token, message.a, std::move(packet.fds[0]))) return;
            break;
        case Kind::DropOwner:
            return store_.drop(message.token);
        case Kind::SetState:
            state_ = std::move(packet.fds[0]);
            return;
        case Kind::Quit:
            quit_ = true;
            exit_code_ = static_cast<int>(message.a & 0xff);
            return;
        default:
            break;
    }
    log_line("ignored message %u for %llu", static_cast<unsigned>(message.kind),
             static_cast<unsigned long long>(message.token));
}

void Keeper::spawn(Packet& packet) {
    const std::uint64_t token = packet.message.token;
    LaunchPlan plan;
    SpecReader reader;
    Launched launched{-1, UniqueFd{}, SpawnStage::Request, EINVAL};
    if (packet.fds_lost)
        launched.error = EMFILE;
    else if (children_.find(token))
        launched.error = EEXIST;
    else if (!children_.reserve())
        launched.error = ENOMEM;
    else if (packet.fd_count > 0)
        launched.error = reader.read(packet.fds[0].get(), static_cast<std::uint32_t>(packet.fd_count - 1),
                                     child_file_limit_, plan);
    if (launched.error == 0) {
        plan.fds = packet.fds + 1;
        ::sigemptyset(&plan.blocked_signals);
        launched = launcher_.launch(plan);
    }
    if (launched.pid < 0)
        return answer(
            {Kind::SpawnFailed, 0, token, static_cast<std::int64_t>(launched.stage), launched.error});
    const Child& child = children_.add(token, launched.pid);
    answer({Kind::Spawned, child.pid, token}, std::move(launched.pidfd));
}

void Keeper::answer(const Message& message, UniqueFd fd) {
    has_answer_ = daemon_.pid() > 0;
    answer_ = message;
    if (has_answer_) answer_fd_ = std::move(fd);
    flush();
}

void Keeper::flush() {
    if (!link_.is_open()) return;
    Link::Sent sent = inventory_.advance(link_, store_, children_, state_.get());
    if (sent == Link::Sent::Yes && has_answer_) {
        sent = link_.send(answer_, answer_fd_.get());
        if (sent == Link::Sent::Yes) forget_answer();
    }
    while (sent == Link::Sent::Yes && children_.first_queued()) {
        sent = link_.send(exited_message(*children_.first_queued()));
        if (sent == Link::Sent::Yes) children_.dequeue(*children_.first_queued());
    }
    if (sent == Link::Sent::Gone) {  // what it sent before it closed its end is still read
        forget_answer();
        inventory_ = Inventory{};
    }
    std::uint32_t events = may_read() ? EPOLLIN : 0u;
    if (sent == Link::Sent::Full) events |= EPOLLOUT;
    if (events == link_events_) return;
    link_events_ = events;
    watch(EPOLL_CTL_MOD, link_.fd(), events);
}

void Keeper::close_link() {
    watch(EPOLL_CTL_DEL, link_.fd(), 0);
    link_.close();
    forget_answer();
}

void Keeper::forget_answer() {
    has_answer_ = false;
    answer_fd_.reset();
}

}  // namespace kpm::keeper
