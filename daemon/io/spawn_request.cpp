#include "daemon/io/spawn_request.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <cerrno>

namespace kpm::io {
namespace {

template <class T>
void append(std::string& bytes, const T& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Error refused(const SpawnRequest& request, std::string_view reason) {
    return {ErrorCode::Invalid, fmt::format("cannot start '{}': {}", request.path, reason)};
}

Result<std::string> encode_text(const SpawnRequest& request) {
    std::string text;
    const auto add = [&](const std::string& string) {
        text.append(string.c_str(), string.size() + 1);
        return string.find('\0') == std::string::npos;
    };
    bool clean = add(request.path) && add(request.cwd);
    for (const std::string& argument : request.argv) clean = clean && add(argument);
    for (const std::string& variable : request.env) clean = clean && add(variable);
    if (!clean) return refused(request, "a NUL byte in its path, arguments or environment");
    return text;
}

}  // namespace

Result<UniqueFd> sealed_memfd(std::string_view bytes) {
    UniqueFd memfd(::memfd_create("kpm-spawn", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memfd) return os_error("create", "memfd", errno);
    for (std::size_t written = 0; written < bytes.size();) {
        const ssize_t count = ::write(memfd.get(), bytes.data() + written, bytes.size() - written);
        if (count < 0) return os_error("write", "memfd", errno);
        written += static_cast<std::size_t>(count);
    }
    if (::fcntl(memfd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return os_error("seal", "memfd", errno);
    return memfd;
}

Result<std::string> encode_spawn(const SpawnRequest& request) {
    if (request.path.empty() || request.path[0] != '/') return refused(request, "the path is not absolute");
    if (request.argv.empty()) return refused(request, "it has no argv[0]");
    if (request.fds.size() > keeper::kMaxSpecFds) return refused(request, "too many descriptors to inherit");
    if (request.limits.size() > keeper::kMaxSpecLimits) return refused(request, "too many limits");
    if (request.groups.size() > keeper::kMaxSpecGroups) return refused(request, "too many groups");
    auto text = encode_text(request);
    if (!text) return text.error();

    keeper::SpawnSpec spec;
    spec.fd_count = static_cast<std::uint32_t>(request.fds.size());
    spec.group_count = static_cast<std::uint32_t>(request.groups.size());
    spec.limit_count = static_cast<std::uint32_t>(request.limits.size());
    spec.argc = static_cast<std::uint32_t>(request.argv.size());
    spec.envc = static_cast<std::uint32_t>(request.env.size());
    spec.uid = request.uid.value_or(keeper::kNoId);
    spec.gid = request.gid.value_or(keeper::kNoId);
    spec.umask = request.umask.value_or(keeper::kNoId);
    spec.text_size = static_cast<std::uint32_t>(text->size());

    std::string bytes;
    bytes.reserve(sizeof spec + text->size() + 256);
    append(bytes, spec);
    for (const InheritedFd& inherited : request.fds) append(bytes, std::int32_t{inherited.target});
    for (const gid_t group : request.groups) append(bytes, group);
    for (const keeper::SpawnLimit& limit : request.limits) append(bytes, limit);
    bytes += *text;
    if (bytes.size() > keeper::kMaxSpecSize)
        return refused(request, "its arguments and environment are too large");
    return bytes;
}

Error spawn_error(keeper::SpawnStage stage, int error_number, std::string_view path, std::string_view cwd) {
    using keeper::SpawnStage;
    switch (stage) {
        case SpawnStage::Request:
            return os_error("start", path, error_number);
        case SpawnStage::Fork:
            return os_error("fork for", path, error_number);
        case SpawnStage::Session:
            return os_error("make a session for", path, error_number);
        case SpawnStage::Stdio:
            return os_error("hand descriptors to", path, error_number);
        case SpawnStage::Limits:
            return os_error("set the limits of", path, error_number);
        case SpawnStage::Groups:
            return os_error("set the supplementary groups of", path, error_number);
        case SpawnStage::Group:
            return os_error("set the group of", path, error_number);
        case SpawnStage::User:
            return os_error("set the user of", path, error_number);
        case SpawnStage::Directory:
            return os_error("change to directory", cwd, error_number);
        case SpawnStage::Exec:
            return os_error("execute", path, error_number);
    }
    return os_error("start", path, error_number);  // a step that a newer keeper knows
}

bool is_shortage(keeper::SpawnStage stage, int error_number) {
    // With a limit of the user's own it is the execve after the change of user that fails.
    return stage == keeper::SpawnStage::Fork || error_number == EAGAIN || error_number == ENOMEM;
}

}  // namespace kpm::io
