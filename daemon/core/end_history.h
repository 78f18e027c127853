#pragma once
// How the processes of an instance ended, and who or what had them end: the last few ends of a slot, for
// kpm.exits (`kpm why`). Kept as the text that survives the daemon, since an end is written once and read
// when somebody asks. Pure.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/record.h"
#include "daemon/core/time.h"

namespace kpm::core {

// Who has connected to the control socket, as the kernel knows it (SO_PEERCRED).
struct Client {
    int pid = 0;  // 0: of a pid namespace that the daemon does not see
    unsigned uid = 0;

    bool operator==(const Client&) const = default;
};

struct EndCause {
    // Persistent (the state that survives the daemon stores it): never renumber.
    enum class Kind : std::uint8_t {
        Own,           // nobody asked kpm: it has exited, or a signal came that kpm did not send
        NotStarted,    // there was no process
        Stop,          // this and the next four: a client asked for it
        Restart,       //
        Reload,        //
        Delete,        //
        Signal,        // through kpm; detail: its name
        DaemonEnd,     // kpm ends with all of its apps
        Watch,         // detail: the path that has changed
        Cron,          // detail: the pattern
        Memory,        // max_memory_restart; detail: how much it used
        GpuMemory,     // max_gpu_memory; detail: how much it used
        Probe,         // detail: which failed, and how
        Watchdog,      // detail: what it did not say
        FailedReload,  // a reload's new process that did not get its place; detail: why
        Channel,       // a worker without the channel on which it gets connections
        OutOfMemory,   // the kernel's OOM killer, probably; detail: what speaks for it
    };
    Kind kind = Kind::Own;
    std::string detail{};
    std::optional<Client> client{};  // nullopt: none, or unknown

    bool operator==(const EndCause&) const = default;
};

// What a process is being ended for, from the request to its end.
struct AskedEnd {
    EndCause cause;
    TimePoint at{};
};

struct ProcessEnd {
    EpochTime at{};
    Duration uptime{0};
    int pid = 0;                // 0: it could not be started
    std::optional<int> code{};  // nullopt: by a signal, not started, or unknown
    int signal = 0;
    bool is_killed = false;  // it had not ended in kill_timeout
    std::string failure{};   // of a start
    EndCause cause{};

    bool operator==(const ProcessEnd&) const = default;
};

// For kpm.exits and its readers: "restart", "watch"; of an end that nobody asked kpm for "exit", "signal" or
// "unknown".
std::string_view reason_word(const ProcessEnd& end);

class EndHistory {
public:
    static constexpr std::size_t kMost = 10;
    static constexpr std::size_t kLongestText = 300;  // bytes, of a detail or a failure; more is cut off

    EndHistory() = default;
    // As record() gave it. Unknown fields are ignored, missing ones keep their defaults.
    explicit EndHistory(std::string record);

    void add(const ProcessEnd& end);
    std::vector<ProcessEnd> ends() const;  // oldest first
    const std::string& record() const { return text_; }

private:
    std::string text_;  // a record (record.h) for each, an empty line behind it
};

// A cause as fields of a record under its current prefix, and back; null: the record has none.
void put(RecordWriter& record, const EndCause& cause);
std::optional<EndCause> to_cause(const RecordReader& record);

}  // namespace kpm::core
