#include "daemon/io/child_setup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "daemon/io/user_lookup.h"
#include "ecosystem/resolve.h"
#include "ipc/kpm_channel.h"

namespace kpm::io {
namespace {

constexpr int kChannelTarget = 3;

Result<std::pair<UniqueFd, UniqueFd>> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return os_error("create", "pipe", errno);
    return std::pair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<void> set_nonblocking(int fd) {
    if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return os_error("prepare", "pipe", errno);
    return {};
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

}  // namespace

Result<ChildSetup> set_up_child(const core::LaunchSpec& spec) {
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
    auto in = make_pipe();
    auto out = make_pipe();
    auto err = make_pipe();
    for (const auto* made : {&in, &out, &err})
        if (!*made) return made->error();
    for (const int fd : {in->second.get(), out->first.get(), err->first.get()})
        if (const auto set = set_nonblocking(fd); !set) return set.error();
    inherit(std::move(in->first), STDIN_FILENO);
    inherit(std::move(out->second), STDOUT_FILENO);
    inherit(std::move(err->second), STDERR_FILENO);
    setup.ours.in = std::move(in->second);
    setup.ours.out = std::move(out->first);
    setup.ours.err = std::move(err->first);

    if (spec.channel == core::ChildChannel::Kpm) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            return os_error("create", "channel", errno);
        setup.ours.channel = UniqueFd(pair[0]);
        inherit(UniqueFd(pair[1]), kChannelTarget);
        setup.request.env.push_back(fmt::format("{}={}", channel::kFdVariable, kChannelTarget));
    }
    if (spec.channel == core::ChildChannel::Messages) {
        int pair[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
            return os_error("create", "channel", errno);
        setup.ours.channel = UniqueFd(pair[0]);
        inherit(UniqueFd(pair[1]), kChannelTarget);
        setup.request.env.push_back(fmt::format("NODE_CHANNEL_FD={}", kChannelTarget));
        setup.request.env.push_back("NODE_CHANNEL_SERIALIZATION_MODE=json");
    }
    return setup;
}

}  // namespace kpm::io
