#include "daemon/keeper/keeper.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "daemon/keeper/descriptors.h"

namespace kpm::keeper {
namespace {

// Packets read before exits are looked after again.
constexpr int kPacketsPerTurn = 64;
constexpr int kEventsPerTurn = 16;
// Descriptors that pidfds leave to what is kept for kpmd and to what arrives with a message.
constexpr int kDescriptorReserve = 512;
// Marks what epoll tells of as a process, by its pid; others are told of by their descriptor.
constexpr std::uint64_t kProcess = std::uint64_t{1} << 32;

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
    return true;
}

void Keeper::watch(int operation, int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.u64 = static_cast<std::uint64_t>(fd);
    if (::epoll_ctl(epoll_.get(), operation, fd, &event) < 0)
        log_line("cannot watch a descriptor: %s", std::strerror(errno));
}

UniqueFd Keeper::watch_process(pid_t pid) {
    UniqueFd pidfd = keep(open_pidfd(pid));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        static_cast<rlim_t>(pidfd.get()) + kDescriptorReserve > limit.rlim_cur)
        pidfd.reset();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kProcess | static_cast<std::uint64_t>(pid);
    if (pidfd && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, pidfd.get(), &event) != 0) pidfd.reset();
    return pidfd;
}

int Keeper::run() {
    if (!open_loop()) return 1;
    while (!finished_) {
        if (is_alone())
            end_alone();
        else if (daemon_.next_start() == 0 && !start_daemon())
            return 1;
        if (finished_) break;
        flush();
        epoll_event events[kEventsPerTurn];
        const int count = ::epoll_wait(epoll_.get(), events, kEventsPerTurn, next_wake());
        for (int i = 0; i < count; ++i) {
            const std::uint64_t what = events[i].data.u64;
            const int fd = static_cast<int>(what);
            if (what & kProcess) {
                collect(static_cast<pid_t>(what & ~kProcess));
                flush();  // the signal that tells the same is looked into while kpmd works
            } else if (fd == signals_.get())
                handle_signals();
            else if (fd == relay_.pipe_fd())
                relay_.forward();
            else if (fd == link_.fd())
                read_link(kPacketsPerTurn);
        }
        if (reaper_.next_look() == 0)
            reaper_.collect_others(children_, orphans_, [this](const Ended& process) { ended(process); });
    }
    return exit_code_;
}

void Keeper::end_alone() {
    if (!last_stop_.has_begun())
        log_line("told to end, and kpmd does not come up: ending %zu processes without it",
                 children_.living());
    if (!last_stop_.go_on(children_)) return;
    finished_ = true;
    exit_code_ = 1;
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
    daemon_pidfd_ = watch_process(daemon_.pid());
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
        if (signo == SIGCHLD) {
            collect(static_cast<pid_t>(info.ssi_pid));
            if (!daemon_pidfd_ && daemon_.pid() > 0) collect(daemon_.pid());
            reaper_.ask_for_others(children_);
        }
    }
}

int Keeper::next_wake() const {
    const int start = is_alone() ? last_stop_.next_step() : daemon_.next_start();
    const int look = reaper_.next_look();
    return start < 0 || (look >= 0 && look < start) ? look : start;
}

void Keeper::collect(pid_t pid) {
    Ended process;
    if (reaper_.collect(pid, process)) ended(process);
}

void Keeper::ended(const Ended& process) {
    if (process.pid == daemon_.pid())
        daemon_exited(process.exit_code, process.signal);
    else
        children_.mark_exited(process.pid, process.exit_code, process.signal);
}

void Keeper::daemon_exited(int exit_code, int signal) {
    // What it sent before it died counts: a Spawn is in its state, a Quit must be known.
    const int pid = daemon_.pid();
    daemon_.mark_exited();
    daemon_pidfd_.reset();
    answers_.forget();
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
    if (!finished_ && !is_alone())
        log_line("kpmd (pid %d) ended with %s %d, starting it again in %d ms", pid, how, which,
                 daemon_.next_start());
}

bool Keeper::read_link(int most) {
    bool has_more = true;
    for (; most > 0 && has_more && may_read(); --most) {
        const std::size_t before = launches_.count();
        Packet& packet = launches_.next();
        has_more = receive(packet);
        if (launches_.count() == before) packet.with.close();  // of what was refused
        if (launches_.is_full()) finish_launch();
    }
    while (!launches_.is_empty()) finish_launch();
    return has_more && may_read();
}

bool Keeper::receive(Packet& packet) {
    switch (link_.receive(packet)) {
        case Link::Received::Yes:
            handle(packet);
            return true;
        case Link::Received::Malformed:
            log_line("ignored a packet that is no message");
            return true;
        case Link::Received::Nothing:
            return false;
        case Link::Received::Gone:
            close_link();
            return false;
    }
    return false;
}

void Keeper::handle(Packet& packet) {
    const Message& message = packet.message;
    if (message.kind == Kind::Spawn) return spawn(packet);
    const bool takes_fd = message.kind == Kind::Store || message.kind == Kind::SetState;
    if (packet.with.count != (takes_fd ? 1u : 0u) || packet.with.lost) {
        log_line("ignored message %u with %zu descriptors%s", static_cast<unsigned>(message.kind),
                 packet.with.count, packet.with.lost ? ", some lost" : "");
        return;
    }
    Child* child = nullptr;
    switch (message.kind) {
        case Kind::Collected:
            child = children_.find(message.token);
            if (child && child->alive) break;
            store_.drop(message.token);
            if (child) children_.forget(*child);
            return;
        case Kind::Store:
            if (store_.put(message.token, message.a, std::move(packet.with.fds[0]))) return;
            break;
        case Kind::DropOwner:
            return store_.drop(message.token);
        case Kind::SetState:
            state_ = std::move(packet.with.fds[0]);
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
    ReceivedFds& with = packet.with;
    const auto slots = static_cast<std::uint64_t>(packet.message.a);
    const std::size_t before = packet.spec.empty() ? 1 : 0;  // the memfd
    const auto others = before + static_cast<std::size_t>(std::popcount(slots));
    int error = 0;
    if (with.lost)
        error = EMFILE;
    else if (slots >> kMaxSpawnSlots != 0 || with.count < others)
        error = EINVAL;
    else if (children_.find(token) || launches_.has(token))
        error = EEXIST;
    else if (!children_.reserve(launches_.count() + 1) ||
             !store(token, slots, with.fds + before + (with.count - others)))
        error = ENOMEM;
    launches_.begin(error, before, static_cast<std::uint32_t>(with.count - others), child_file_limit_);
}

void Keeper::finish_launch() {
    const auto [token, launched] = launches_.finish();
    if (launched.pid < 0)
        return answer(
            {Kind::SpawnFailed, 0, token, static_cast<std::int64_t>(launched.stage), launched.error});
    Child& child = children_.add(token, launched.pid);
    children_.watch(child, watch_process(child.pid));
    answer({Kind::Spawned, child.pid, token}, open_pidfd(child.pid));
}

bool Keeper::store(std::uint64_t owner, std::uint64_t slots, UniqueFd* fds) {
    for (std::uint32_t slot = 0; slot < kMaxSpawnSlots; ++slot)
        if ((slots >> slot & 1) != 0 && !store_.put(owner, slot, std::move(*fds++))) return false;
    return true;
}

void Keeper::answer(const Message& message, UniqueFd fd) {
    if (daemon_.pid() > 0) answers_.add(message, std::move(fd));
    flush();
}

void Keeper::flush() {
    if (!link_.is_open()) return;
    Link::Sent sent = inventory_.advance(link_, store_, children_, state_.get());
    if (sent == Link::Sent::Yes) sent = answers_.send(link_);
    while (sent == Link::Sent::Yes && children_.first_queued()) {
        sent = link_.send(exited_message(*children_.first_queued()));
        if (sent == Link::Sent::Yes) children_.dequeue(*children_.first_queued());
    }
    if (sent == Link::Sent::Gone) {  // what it sent before it closed its end is still read
        answers_.forget();
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
    answers_.forget();
}

}  // namespace kpm::keeper
