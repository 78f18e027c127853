// connect_load PORT SECONDS CONNECTIONS [PATH [keep]]: a new connection per request to 127.0.0.1, CONNECTIONS
// at a time; with `keep` one request after the other on each, until the server announces its end. A request
// counts when it was answered "200" and the connection then closed by the server, or kept. After half a
// second of warm-up counts for SECONDS, then prints one JSON object; all_requests has those of the warm-up,
// too. One thread; cpu_seconds tells how much of it the client itself needed. It shares the cores with what
// is measured, so that it makes as few calls as it can: what it takes dilutes every ratio.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/unique_fd.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kWarmUp = 500ms;
constexpr auto kPauseAfterFailure = 10ms;  // a closed port must not make the client spin
constexpr auto kStalled = 1s;

volatile std::sig_atomic_t is_ended = 0;

struct Visit {
    kpm::UniqueFd socket;
    Clock::time_point begin;
    std::string answer;
    bool sent = false;
};

struct Figures {
    std::vector<double> latencies;  // milliseconds, connect to end
    int failures = 0;
};

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double percentile(std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

class Load {
public:
    Load(std::uint16_t port, std::size_t connections, const std::string& path, bool keeps)
        : visits_(connections), keeps_(keeps) {
        request_ = "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
                   (keeps ? "" : "Connection: close\r\n") + "\r\n";
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address_.sin_port = htons(port);
    }

    bool is_ready() const { return static_cast<bool>(epoll_); }

    void run_until(Clock::time_point end) {
        while (Clock::now() < end && !is_ended) {
            for (Visit& visit : visits_)
                if (!visit.socket) begin(visit);
            std::array<epoll_event, 64> events;
            const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 10);
            for (int i = 0; i < count; ++i)
                go_on(*static_cast<Visit*>(events[static_cast<std::size_t>(i)].data.ptr),
                      events[static_cast<std::size_t>(i)].events);
        }
    }

    Figures take_figures() { return std::exchange(figures_, {}); }

    int stalled() const {
        return static_cast<int>(std::count_if(visits_.begin(), visits_.end(), [](const Visit& visit) {
            return visit.socket && Clock::now() - visit.begin > kStalled;
        }));
    }

private:
    void begin(Visit& visit) {
        if (Clock::now() < resume_) return;
        visit = {kpm::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
                 Clock::now(),
                 {},
                 false};
        const auto* address = reinterpret_cast<const sockaddr*>(&address_);
        if (!visit.socket ||
            (::connect(visit.socket.get(), address, sizeof address_) != 0 && errno != EINPROGRESS))
            return fail(visit);
        // On the loopback it is mostly there when connect returns.
        visit.sent = send(visit);
        if ((!visit.sent && errno != EAGAIN) || !watch(visit, EPOLL_CTL_ADD)) fail(visit);
    }

    // A server that closes is done when it has; then one recv gets all.
    bool watch(Visit& visit, int operation) {
        epoll_event event{};
        event.events = !visit.sent ? EPOLLOUT : keeps_ ? EPOLLIN : EPOLLRDHUP;
        event.data.ptr = &visit;
        return ::epoll_ctl(epoll_.get(), operation, visit.socket.get(), &event) == 0;
    }

    void go_on(Visit& visit, std::uint32_t events) {
        if (!visit.sent) {
            visit.sent = send(visit);
            if (!visit.sent || !watch(visit, EPOLL_CTL_MOD)) fail(visit);
            return;
        }
        std::array<char, 4096> bytes;
        const ssize_t size = ::recv(visit.socket.get(), bytes.data(), bytes.size(), 0);
        const bool is_last = (events & EPOLLRDHUP) != 0 && size < static_cast<ssize_t>(bytes.size());
        if (size > 0) visit.answer.append(bytes.data(), static_cast<std::size_t>(size));
        if (size < 0 && errno != EAGAIN) return fail(visit);
        if (keeps_ && size == 0) return fail(visit);
        if (keeps_ && size > 0 && visit.answer.ends_with('}')) return ask_again(visit);
        if (!keeps_ && size >= 0 && is_last) end(visit);
    }

    bool send(const Visit& visit) const {
        const ssize_t size = ::send(visit.socket.get(), request_.data(), request_.size(), MSG_NOSIGNAL);
        return size == static_cast<ssize_t>(request_.size());
    }

    // The body is one JSON object without another in it.
    void ask_again(Visit& visit) {
        if (!count(visit)) return fail(visit);
        if (visit.answer.find("\r\nConnection: close\r\n") != std::string::npos) {
            visit.socket.reset();
            return begin(visit);
        }
        visit.answer.clear();
        visit.begin = Clock::now();
        if (!send(visit)) fail(visit);
    }

    void end(Visit& visit) {
        if (!count(visit)) return fail(visit);
        visit.socket.reset();
        begin(visit);
    }

    bool count(const Visit& visit) {
        if (!visit.answer.starts_with("HTTP/1.1 200") ||
            visit.answer.find("\"status\":\"ok\"") == std::string::npos)
            return false;
        figures_.latencies.push_back(
            std::chrono::duration<double, std::milli>(Clock::now() - visit.begin).count());
        return true;
    }

    void fail(Visit& visit) {
        ++figures_.failures;
        visit.socket.reset();
        resume_ = Clock::now() + kPauseAfterFailure;
    }

    kpm::UniqueFd epoll_{::epoll_create1(EPOLL_CLOEXEC)};
    std::vector<Visit> visits_;
    bool keeps_;
    std::string request_;
    sockaddr_in address_{};
    Figures figures_;
    Clock::time_point resume_{};
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: connect_load PORT SECONDS CONNECTIONS [PATH [keep]]\n", stderr);
        return 2;
    }
    const double seconds = std::atof(argv[2]);
    Load load(static_cast<std::uint16_t>(std::atoi(argv[1])), static_cast<std::size_t>(std::atoi(argv[3])),
              argc > 4 ? argv[4] : "/health", argc > 5);
    if (!load.is_ready()) return 1;
    std::signal(SIGINT, [](int) { is_ended = 1; });
    load.run_until(Clock::now() + kWarmUp);
    const Figures warm_up = load.take_figures();

    const auto begin = Clock::now();
    const double cpu_before = cpu_seconds();
    load.run_until(begin +
                   std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
    const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
    const double cpu = cpu_seconds() - cpu_before;
    Figures figures = load.take_figures();

    std::sort(figures.latencies.begin(), figures.latencies.end());
    const auto requests = static_cast<double>(figures.latencies.size());
    std::printf(
        "{\"requests\":%.0f,\"all_requests\":%.0f,\"failures\":%d,\"seconds\":%.3f,\"per_second\":%.1f,\"cpu_"
        "seconds\":%.3f,"
        "\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n",
        requests, requests + static_cast<double>(warm_up.latencies.size()),
        warm_up.failures + figures.failures + load.stalled(), elapsed, requests / elapsed, cpu,
        percentile(figures.latencies, 0.5), percentile(figures.latencies, 0.99));
    return 0;
}
