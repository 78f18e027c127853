// container_filter [--old] PROGRAM ARGS…: runs it as a container's engine does by default: with the
// capabilities that Docker leaves to root, and without the system calls that its seccomp profile keeps from
// who has no more (moby, profiles/seccomp/default.json; Kubernetes' RuntimeDefault is of the same kind). The
// profile names what is allowed; here stands what it leaves out, and what the kernel has got since is unknown
// to it. --old: an engine that knows none since Linux 5.4.
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

constexpr std::array kCapabilities{CAP_CHOWN,   CAP_DAC_OVERRIDE,     CAP_FSETID,  CAP_FOWNER,
                                   CAP_MKNOD,   CAP_NET_RAW,          CAP_SETGID,  CAP_SETUID,
                                   CAP_SETFCAP, CAP_NET_BIND_SERVICE, CAP_SETPCAP, CAP_SYS_CHROOT,
                                   CAP_KILL,    CAP_AUDIT_WRITE};

constexpr std::array kRefused{SYS_acct,
                              SYS_add_key,
                              SYS_bpf,
                              SYS_clock_settime,
                              SYS_delete_module,
                              SYS_fanotify_init,
                              SYS_finit_module,
                              SYS_fsconfig,
                              SYS_fsmount,
                              SYS_fsopen,
                              SYS_fspick,
                              SYS_get_mempolicy,
                              SYS_init_module,
                              SYS_io_uring_enter,
                              SYS_io_uring_register,
                              SYS_io_uring_setup,
                              SYS_kcmp,
                              SYS_kexec_load,
                              SYS_keyctl,
                              SYS_mbind,
                              SYS_migrate_pages,
                              SYS_mount,
                              SYS_move_mount,
                              SYS_move_pages,
                              SYS_open_by_handle_at,
                              SYS_open_tree,
                              SYS_perf_event_open,
                              SYS_pidfd_getfd,
                              SYS_pivot_root,
                              SYS_process_madvise,
                              SYS_quotactl,
                              SYS_reboot,
                              SYS_request_key,
                              SYS_set_mempolicy,
                              SYS_setdomainname,
                              SYS_sethostname,
                              SYS_setns,
                              SYS_settimeofday,
                              SYS_swapoff,
                              SYS_swapon,
                              SYS_syslog,
                              SYS_umount2,
                              SYS_unshare,
                              SYS_userfaultfd,
                              SYS_vhangup};

constexpr std::uint32_t kLastKnown = 450;             // set_mempolicy_home_node
constexpr std::uint32_t kLastOfOld = SYS_pidfd_open;  // 5.3
constexpr std::uint32_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

sock_filter load(std::size_t offset) {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}

sock_filter answer(std::uint32_t action) {
    return BPF_STMT(BPF_RET | BPF_K, action);
}

sock_filter refuse(int error) {
    return answer(SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error));
}

// What follows is done when the comparison holds, else passed over.
sock_filter when(std::uint16_t comparison, std::uint32_t value, std::uint8_t steps = 1) {
    return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | comparison), value, 0, steps);
}

std::vector<sock_filter> profile(std::uint32_t last_known) {
    std::vector<sock_filter> steps{load(offsetof(seccomp_data, arch)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
                                   answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
    for (const long call : kRefused) {
        steps.push_back(when(BPF_JEQ, static_cast<std::uint32_t>(call)));
        steps.push_back(refuse(EPERM));
    }
    // glibc makes threads with clone then.
    steps.push_back(when(BPF_JEQ, SYS_clone3));
    steps.push_back(refuse(ENOSYS));
    steps.push_back(when(BPF_JGT, last_known));
    steps.push_back(refuse(ENOSYS));
    steps.push_back(when(BPF_JEQ, SYS_clone, 3));
    steps.push_back(load(offsetof(seccomp_data, args)));  // flags; the lower half comes first
    steps.push_back(when(BPF_JSET, kNamespaces));
    steps.push_back(refuse(EPERM));
    steps.push_back(answer(SECCOMP_RET_ALLOW));
    return steps;
}

bool drop_capabilities() {
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability) >= 0; ++capability)
        if (std::ranges::find(kCapabilities, capability) == kCapabilities.end() &&
            ::prctl(PR_CAPBSET_DROP, capability) != 0)
            return false;
    return true;
}

bool install(std::vector<sock_filter> steps) {
    const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    const bool is_old = argc > 1 && std::strcmp(argv[1], "--old") == 0;
    char** const program = argv + (is_old ? 2 : 1);
    if (program >= argv + argc) return 2;
    if (!drop_capabilities() || !install(profile(is_old ? kLastOfOld : kLastKnown))) {
        std::perror("container_filter: cannot give up rights");
        return 126;
    }
    ::execvp(program[0], program);
    std::perror("container_filter: cannot execute the program");
    return 127;
}
