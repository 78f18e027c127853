#include "daemon/keeper/spawn_spec.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace kpm::keeper {
namespace {

constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool counts_are_bounded(const SpawnSpec& spec) {
    return spec.magic == kSpecMagic && spec.fd_count <= kMaxSpecFds && spec.group_count <= kMaxSpecGroups &&
           spec.limit_count <= kMaxSpecLimits && spec.argc >= 1 && spec.argc <= kMaxSpecSize &&
           spec.envc <= kMaxSpecSize && spec.text_size <= kMaxSpecSize;
}

bool targets_are_distinct(const std::int32_t* targets, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        if (targets[i] < 0 || targets[i] >= static_cast<std::int32_t>(kMaxSpecTarget)) return false;
        for (std::uint32_t j = 0; j < i; ++j)
            if (targets[i] == targets[j]) return false;
    }
    return true;
}

}  // namespace

SpecReader::~SpecReader() {
    if (map_) ::munmap(map_, map_size_);
    std::free(pointers_);
}

int SpecReader::read(int memfd, std::uint32_t fd_count, const rlimit& file_limit, LaunchPlan& plan) {
    struct stat status {};
    if (::fstat(memfd, &status) < 0) return errno;
    if (status.st_size > kMaxSpecSize) return E2BIG;
    const auto size = static_cast<std::size_t>(status.st_size);
    const int seals = ::fcntl(memfd, F_GET_SEALS);
    if (seals < 0 || (seals & kSeals) != kSeals || size == 0) return EINVAL;
    void* map = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, memfd, 0);
    if (map == MAP_FAILED) return errno;
    map_ = map;
    map_size_ = size;
    return read(std::span(static_cast<const std::byte*>(map), size), fd_count, file_limit, plan);
}

int SpecReader::read(std::span<const std::byte> bytes, std::uint32_t fd_count, const rlimit& file_limit,
                     LaunchPlan& plan) {
    SpawnSpec spec;
    if (bytes.size() < sizeof spec) return EINVAL;
    std::memcpy(&spec, bytes.data(), sizeof spec);
    if (!counts_are_bounded(spec) || spec.fd_count != fd_count) return EINVAL;
    const std::size_t fd_bytes = spec.fd_count * sizeof(std::int32_t);
    const std::size_t group_bytes = spec.group_count * sizeof(gid_t);
    const std::size_t limit_bytes = spec.limit_count * sizeof(SpawnLimit);
    if (bytes.size() != sizeof spec + fd_bytes + group_bytes + limit_bytes + spec.text_size) return EINVAL;

    const char* at = reinterpret_cast<const char*>(bytes.data()) + sizeof spec;
    plan.fd_targets = reinterpret_cast<const std::int32_t*>(at);
    plan.groups = reinterpret_cast<const gid_t*>(at += fd_bytes);
    std::memcpy(limits_, at += group_bytes, limit_bytes);
    plan.fd_count = spec.fd_count;
    plan.group_count = spec.group_count;
    plan.limit_count = spec.limit_count;
    plan.limits = limits_;
    plan.uid = spec.uid;
    plan.gid = spec.gid;
    plan.umask = spec.umask;
    if (!targets_are_distinct(plan.fd_targets, plan.fd_count)) return EINVAL;

    bool names_file_limit = false;
    for (std::uint32_t i = 0; i < spec.limit_count; ++i) {
        if (limits_[i].resource >= RLIM_NLIMITS) return EINVAL;
        names_file_limit |= limits_[i].resource == RLIMIT_NOFILE;
    }
    if (!names_file_limit)
        limits_[plan.limit_count++] = {RLIMIT_NOFILE, file_limit.rlim_cur, file_limit.rlim_max};
    return read_strings(at + limit_bytes, spec, plan);
}

int SpecReader::read_strings(const char* text, const SpawnSpec& spec, LaunchPlan& plan) {
    const char* const end = text + spec.text_size;
    const std::size_t count = std::size_t{2} + spec.argc + spec.envc;
    // Each string has its NUL: this bounds the pointers by the size of the text.
    if (count > spec.text_size || end[-1] != '\0') return EINVAL;
    pointers_ = static_cast<char**>(std::calloc(spec.argc + spec.envc + std::size_t{2}, sizeof(char*)));
    if (!pointers_) return ENOMEM;

    char** const environment = pointers_ + spec.argc + 1;
    for (std::size_t i = 0; i < count; ++i) {
        if (text == end) return EINVAL;
        char* const string = const_cast<char*>(text);  // execve's signature; nobody writes to it
        if (i == 0)
            plan.path = string;
        else if (i == 1)
            plan.cwd = string;
        else if (i < spec.argc + std::size_t{2})
            pointers_[i - 2] = string;
        else
            environment[i - 2 - spec.argc] = string;
        for (std::size_t j = 0; i >= spec.argc + std::size_t{2} && j < kPidVariableCount; ++j)
            if (std::strcmp(string, kPidVariables[j]) == 0)
                plan.pid_variables[j] = &environment[i - 2 - spec.argc];
        text += std::strlen(text) + 1;
    }
    plan.argv = pointers_;
    plan.envp = environment;
    const bool rooted = plan.path[0] == '/' && (plan.cwd[0] == '/' || plan.cwd[0] == '\0');
    return rooted && text == end ? 0 : EINVAL;
}

}  // namespace kpm::keeper
