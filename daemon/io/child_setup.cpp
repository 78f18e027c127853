#include "daemon/io/child_setup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "daemon/core/activation.h"
#include "daemon/io/user_lookup.h"
#include "ecosystem/resolve.h"
#include "ipc/kpm_channel.h"

namespace kpm::io {
namespace {

constexpr int kFirstTarget = 3;  // the first of the inherited sockets, by systemd's rule; then the channel

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("create", "pipe", errno);
    return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// A pipe that the child itself keeps open: its stdin never ends, also while no daemon runs, and costs nobody
// else a descriptor. Who wants to write opens it through /proc.
Result<UniqueFd> make_input() {
    auto ends = make_pipe();
    if (!ends) return ends.error();
    UniqueFd both(::open(fmt::format("/proc/self/fd/{}", ends->first.get()).c_str(), O_RDWR | O_CLOEXEC));
    if (!both) return os_error("open", "pipe", errno);
    return both;
}

// The child's end. Ours becomes non-blocking once it is polled.
Result<UniqueFd> make_output(UniqueFd& ours) {
    auto ends = make_pipe();
    if (!ends) return ends.error();
    ours = std::move(ends->first);
    return std::move(ends->second);
}

// What is neither stored nor streamed need not be read: the app costs neither descriptors nor wake-ups.
Result<UniqueFd> open_null() {
    UniqueFd null(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    if (!null) return os_error("open", "/dev/null", errno);
    return null;
}

ecosystem::Environment environment_of(const std::vector<std::string>& lines) {
    std::vector<const char*> block;
    for (const std::string& line : lines) block.push_back(line.c_str());
    block.push_back(nullptr);
    return ecosystem::environment_from(block.data());
}

Result<std::string> find_program(const core::LaunchSpec& spec) {
    const std::string& word = spec.argv.front();
    if (word.starts_with('/')) return word;
    if (word.find('/') != std::string::npos) return spec.cwd + '/' + word;
    if (auto found = ecosystem::find_in_path(word, environment_of(spec.env))) return *found;
    return Error{ErrorCode::NotFound, fmt::format("cannot execute '{}': not found in PATH", word)};
}

void add_activation(std::vector<std::string>& env, const core::LaunchSpec& spec) {
    const auto added = core::activation_variables(spec.argv.front(), spec.name, spec.listen, kFirstTarget);
    for (const std::string& line : added) {
        const std::string name = line.substr(0, line.find('=') + 1);
        std::erase_if(env, [&](const std::string& old) { return old.starts_with(name); });
        env.push_back(line);
    }
}

Result<void> set_identity(SpawnRequest& request, const core::LaunchSpec& spec) {
    if (spec.user.empty() && spec.group.empty()) return {};
    const std::string user = spec.user.empty() ? std::to_string(::getuid()) : spec.user;
    const auto identity = look_up_user(user, spec.group);
    if (!identity) return identity.error();
    if (is_own_identity(*identity)) return {};
    // Programs look for their files in HOME: another user's is not readable, and not theirs.
    if (!spec.user.empty() && !identity->home.empty()) {
        std::erase_if(request.env, [](const std::string& line) { return line.starts_with("HOME="); });
        request.env.push_back("HOME=" + identity->home);
    }
    request.uid = identity->uid;
    request.gid = identity->gid;
    request.groups = identity->groups;
    return {};
}

// A daemon without a free descriptor could neither serve a client nor end a process: a start must not take
// the last ones. The lowest free number is given first, so that a high one tells how many there are.
Result<void> check_reserve(const ChildSetup& setup, const std::string& name) {
    constexpr rlim_t kReserve = 256, kLeastShare = 8;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
    const rlim_t reserve = std::min(kReserve, limit.rlim_cur / kLeastShare);
    const auto is_reserved = [&](const UniqueFd& fd) {
        return fd && static_cast<rlim_t>(fd.get()) >= limit.rlim_cur - reserve;
    };
    const ChildEnds& ours = setup.ours;
    if (!std::ranges::any_of(setup.theirs, is_reserved) && !is_reserved(ours.out) && !is_reserved(ours.err) &&
        !is_reserved(ours.channel))
        return {};
    return Error{
        ErrorCode::Io,
        fmt::format("cannot execute '{}': too many open files, {} are allowed and the last {} kept for "
                    "the daemon itself (ulimit -n)",
                    name, limit.rlim_cur, reserve)};
}

}  // namespace

Result<ChildSetup> set_up_child(const core::LaunchSpec& spec, std::span<const int> listeners) {
    ChildSetup setup;
    if (spec.argv.empty())
        return Error{ErrorCode::Invalid, fmt::format("cannot execute '{}': no command", spec.name)};
    auto program = find_program(spec);
    if (!program) return program.error();
    setup.request.path = std::move(*program);
    setup.request.cwd = spec.cwd;
    setup.request.argv = spec.argv;
    setup.request.env = spec.env;
    if (const auto set = set_identity(setup.request, spec); !set) return set.error();

    const auto inherit = [&](UniqueFd fd, int target) {
        setup.request.fds.push_back({fd.get(), target});
        setup.theirs.push_back(std::move(fd));
    };
    auto in = make_input();
    if (!in) return in.error();
    inherit(std::move(*in), STDIN_FILENO);
    for (auto [target, end] : {std::pair{STDOUT_FILENO, &setup.ours.out}, {STDERR_FILENO, &setup.ours.err}}) {
        auto theirs = spec.logs.disabled ? open_null() : make_output(*end);
        if (!theirs) return theirs.error();
        inherit(std::move(*theirs), target);
    }

    int target = kFirstTarget;
    for (const int listener : listeners) setup.request.fds.push_back({listener, target++});
    if (spec.is_activated) add_activation(setup.request.env, spec);

    if (spec.channel == core::ChildChannel::Kpm) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            return os_error("create", "channel", errno);
        setup.ours.channel = UniqueFd(pair[0]);
        inherit(UniqueFd(pair[1]), target);
        setup.request.env.push_back(fmt::format("{}={}", channel::kFdVariable, target));
    }
    if (spec.channel == core::ChildChannel::Messages || spec.channel == core::ChildChannel::NodeCluster) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return os_error("create", "channel", errno);
        setup.ours.channel = UniqueFd(pair[0]);
        inherit(UniqueFd(pair[1]), target);
        // Those of a worker of another primary, in which kpm was run, are not ours to pass on.
        std::erase_if(setup.request.env, [](const std::string& line) {
            return line.starts_with("NODE_CHANNEL_") || line.starts_with("NODE_UNIQUE_ID=");
        });
        setup.request.env.push_back(fmt::format("NODE_CHANNEL_FD={}", target));
        setup.request.env.push_back("NODE_CHANNEL_SERIALIZATION_MODE=json");
    }
    if (const auto checked = check_reserve(setup, spec.name); !checked) return checked.error();
    return setup;
}

}  // namespace kpm::io
