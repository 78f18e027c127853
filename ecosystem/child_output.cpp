#include "ecosystem/child_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "ecosystem/byte_size.h"
#include "ecosystem/descendants.h"
#include "ecosystem/duration.h"
#include "ipc/base/processor_wait.h"
#include "ipc/base/unique_fd.h"

namespace kpm::ecosystem {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestWait{60};  // for a processor

struct Pipe {
    UniqueFd read_end;
    UniqueFd write_end;
};

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("create", "pipe", errno);
    Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
    if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) return os_error("create", "pipe", errno);
    return pipe;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

Result<pid_t> spawn(const std::string& program, std::vector<std::string> argv, const Environment& env,
                    int out, int err) {
    std::vector<std::string> env_lines;
    for (const EnvVar& variable : env) env_lines.push_back(variable.name + "=" + variable.value);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    pid_t pid = 0;
    const int failure = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, pointers(argv).data(),
                                      pointers(env_lines).data());
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return os_error("run", program, failure);
    return pid;
}

enum class End { Complete, TooLate, TooMuch };

// Takes what is there now. False: more than `limit` has come.
bool read_some(UniqueFd& pipe, std::string& text, std::size_t limit) {
    while (pipe && text.size() <= limit) {
        std::array<char, 16384> buffer;
        const ssize_t size = ::read(pipe.get(), buffer.data(), buffer.size());
        if (size > 0)
            text.append(buffer.data(), static_cast<std::size_t>(size));
        else if (size < 0 && errno == EAGAIN)
            return true;
        else if (size == 0 || errno != EINTR)
            pipe.reset();
    }
    return text.size() <= limit;
}

// Reads until the process has ended, at most until the deadline: what it has started may hold the pipes for
// longer. What the process waits for a processor does not count.
End drain(pid_t pid, int pidfd, std::array<UniqueFd, 2> pipes, std::array<std::string*, 2> texts,
          std::chrono::milliseconds deadline, std::size_t limit) {
    const auto begin = Clock::now();
    auto end = begin + deadline;
    for (bool has_ended = false; !has_ended;) {
        const auto now = Clock::now();
        if (now >= end) end = begin + deadline + std::min<Clock::duration>(processor_wait(pid), kLongestWait);
        if (now >= end) return End::TooLate;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now).count();
        std::array<pollfd, 3> polled{
            {{pidfd, POLLIN, 0}, {pipes[0].get(), POLLIN, 0}, {pipes[1].get(), POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), static_cast<int>(left)) < 0) {
            if (errno == EINTR) continue;
            return End::TooLate;
        }
        has_ended = polled[0].revents != 0;
        for (std::size_t i = 0; i < pipes.size(); ++i)
            if (!read_some(pipes[i], *texts[i], limit)) return End::TooMuch;
    }
    return End::Complete;
}

}  // namespace

Result<ChildOutput> run_to_end(const std::string& program, const std::vector<std::string>& argv,
                               const Environment& env, std::chrono::milliseconds deadline,
                               std::size_t max_output) {
    auto out = make_pipe();
    if (!out) return out.error();
    auto err = make_pipe();
    if (!err) return err.error();
    Descendants descendants;
    auto pid = spawn(program, argv, env, out->write_end.get(), err->write_end.get());
    if (!pid) return pid.error();
    out->write_end.reset();
    err->write_end.reset();

    ChildOutput output;
    const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
    const int pidfd_error = errno;
    const End end = !pidfd ? End::TooLate
                           : drain(*pid, pidfd.get(), {std::move(out->read_end), std::move(err->read_end)},
                                   {&output.out, &output.err}, deadline, max_output);
    if (end != End::Complete) descendants.kill();
    if (!pidfd) return os_error("watch", program, pidfd_error);
    if (end == End::Complete)
        while (::waitpid(*pid, &output.wait_status, 0) < 0 && errno == EINTR) continue;
    if (end == End::TooLate)
        return Error{ErrorCode::Unavailable, fmt::format("cannot run '{}': no end after {}, it was killed",
                                                         program, to_text(deadline))};
    if (end == End::TooMuch)
        return Error{ErrorCode::Unavailable,
                     fmt::format("cannot run '{}': more than {} printed, it was killed", program,
                                 to_text(Bytes{max_output}))};
    return output;
}

}  // namespace kpm::ecosystem
