#pragma once
// What kpm-keeper and kpmd say to each other: packets over one SOCK_SEQPACKET socket pair, all of one size
// but a Spawn with its spec, descriptors in SCM_RIGHTS. Both ends run on one machine, but kpmd may be newer
// than its keeper (`kpm update`): kVersion goes up with each change, a kpmd that finds a keeper it cannot
// talk to says so and exits.
//
// kpmd starts with KPM_KEEPER_FD naming its end. The keeper then sends the inventory:
//   Hello, [State +memfd], Stored +fd …, Child [+pidfd] …, Exited … (not yet collected), InventoryEnd
// after which it only answers: Spawned +pidfd | SpawnFailed for each Spawn, Exited for each child that ended.
// A child that ends while the inventory is sent may be in it twice, as Child and as Exited. A Spawn whose
// kpmd died before the answer is carried out and found as a Child (or Exited) in the next inventory; if it
// failed, it is in none.
//
// kpmd starts in a session of its own, with SIGTERM, SIGINT, SIGHUP and SIGUSR2 blocked: it unblocks them
// once it handles them, so that a signal that the keeper forwards is never lost and never kills a kpmd that
// is starting.
//
// Ownership: `token` is kpmd's number for one life of one process (an incarnation), never used twice in a
// home. Stored descriptors belong to an owner (a token, or any other number that kpmd likes, e.g. a
// listener's) and a slot; the keeper holds them until DropOwner. An Exited is repeated in each inventory
// until Collected. The keeper opens a pidfd for each that it sends. It watches one of its own for each child
// as long as descriptors are to spare: they are what bounds the number of apps.
//
// History: 1 – first version. 2 – WATCHDOG_PID. 3 – LISTEN_PID. 4 – a Spawn carries its spec and what is to
// be stored for it, Collected drops that.

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "ipc/base/keeper_version.h"

namespace kpm::keeper {

inline constexpr std::uint32_t kVersion = kKeeperVersion;
inline constexpr const char* kFdVariable = "KPM_KEEPER_FD";
// The daemon writes "ready\n" or "error: <text>\n" to this descriptor once, and closes it (the CLI waits for
// it).
inline constexpr const char* kReadyFdVariable = "KPM_READY_FD";

// On the wire, never renumber.
enum class Kind : std::uint32_t {
    // keeper -> kpmd
    Hello =
        1,  // a = kVersion, b = keeper's pid, token = how often kpmd was started by this keeper (1 = first)
    State = 2,   // + memfd that kpmd gave with SetState
    Stored = 3,  // token = owner, a = slot, + fd
    Child = 4,   // token, pid, + pidfd (none when the keeper has no descriptor left): a child that lives
    Exited = 5,  // token, pid, a = exit code or -1, b = signal or 0
    InventoryEnd = 6,
    Spawned = 7,      // token, pid, + pidfd
    SpawnFailed = 8,  // token, a = SpawnStage, b = errno
    // kpmd -> keeper
    // token, a = a bit for each slot to store a descriptor in, as Store does; behind the message a SpawnSpec,
    // or
    // without one + sealed memfd that holds it; + the descriptors it names, in its order, + those to store,
    // by
    // slot. They are stored also when the start fails.
    Spawn = 32,
    Collected = 33,  // token: this Exited is recorded, forget it
    Store = 34,      // token = owner, a = slot, + fd (replaces what is there)
    DropOwner = 35,  // token = owner: close all its stored descriptors
    SetState = 36,   // + memfd (replaces)
    Quit = 37,  // kpmd is about to exit for good: do not start it again, exit too with the code `a` (0..255)
};

struct Message {
    Kind kind = Kind::Hello;
    std::int32_t pid = 0;
    std::uint64_t token = 0;
    std::int64_t a = 0;
    std::int64_t b = 0;
};
static_assert(sizeof(Message) == 32);

// Where a start failed. On the wire, never renumber.
enum class SpawnStage : std::int64_t {
    Request = 1,  // the spec is malformed or too large
    Fork = 2,
    Session = 3,    // setsid
    Stdio = 4,      // dup2 of the descriptors
    Limits = 5,     // setrlimit
    Groups = 6,     // setgroups
    Group = 7,      // setgid
    User = 8,       // setuid
    Directory = 9,  // chdir
    Exec = 10,
};

// A spec: SpawnSpec, then fd_targets[fd_count] (int32), groups[group_count] (uint32),
// limits[limit_count] (SpawnLimit), then text_size bytes: 2 + argc + envc NUL-terminated strings in the order
// path (absolute, never searched for), cwd ("" = do not change), argv[0..argc), env[0..envc). The descriptor
// i of the packet (after a memfd) becomes the child's descriptor fd_targets[i] (each target once, below
// kMaxSpecTarget); the child has no others. All of uid, gid and groups are numbers: kpmd has looked them up.
// A memfd is sealed with F_SEAL_SHRINK|GROW|WRITE, so that the keeper may map it.
inline constexpr std::uint32_t kSpecMagic = 0x6b706d31;  // "kpm1"
inline constexpr std::uint32_t kMaxSpecSize = 4u << 20;
inline constexpr std::uint32_t kMaxInlineSpec = 32u << 10;  // a longer one comes in a memfd
inline constexpr std::uint32_t kMaxSpawnSlots = 8;          // a Spawn stores only in slots below
inline constexpr std::uint32_t kMaxSpecFds = 16;
inline constexpr std::uint32_t kMaxSpecTarget = 1024;
inline constexpr std::uint32_t kMaxSpecGroups = 65536;
inline constexpr std::uint32_t kMaxSpecLimits = 16;
inline constexpr std::uint32_t kNoId = 0xffffffff;
// An environment string that is just one of these gets the child's pid as its value: kpmd cannot know it
// beforehand.
inline constexpr const char* kPidVariables[] = {"WATCHDOG_PID=", "LISTEN_PID="};
inline constexpr std::size_t kPidVariableCount = std::size(kPidVariables);

struct SpawnSpec {
    std::uint32_t magic = kSpecMagic;
    std::uint32_t fd_count = 0;
    std::uint32_t group_count = 0;  // only used when uid or gid is set
    std::uint32_t limit_count = 0;
    std::uint32_t argc = 0;
    std::uint32_t envc = 0;
    std::uint32_t uid = kNoId;
    std::uint32_t gid = kNoId;
    std::uint32_t umask = kNoId;
    std::uint32_t text_size = 0;
};

struct SpawnLimit {
    std::uint64_t resource = 0;  // RLIMIT_*
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

}  // namespace kpm::keeper
