#pragma once
// The kernel's notices of changes in files and directories, on a loop: one instance for all who watch, since
// a user may have few of them (fs.inotify.max_user_instances is often 128). Knows numbers of watches, not
// what they are for.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

struct FileNotice {
    int watch = -1;  // -1 when the kernel's queue overflowed
    std::uint32_t mask = 0;
    std::string_view name = {};  // of the entry; empty when it is about the watched thing itself
    // Of an overflow: until then all is known. Early rather than late: a file is dated by a clock that stands
    // for up to a tick, or by one that does not (multigrain timestamps, Linux 6.13), so that a change from
    // just before may be told twice.
    std::chrono::system_clock::time_point known_until = {};
};

class Inotify {
public:
    static Result<std::unique_ptr<Inotify>> open(Loop& loop);
    ~Inotify();

    // One who watches. Outlived by the Inotify.
    class Client {
    public:
        // The callback must end neither a Client nor the Inotify.
        Client(Inotify& inotify, std::function<void(const FileNotice&)> on_notice);
        ~Client();
        Client(const Client&) = delete;
        Client& operator=(const Client&) = delete;

        // The number of the watch; the one that there is when the same inode is watched already, by anyone.
        Result<int> add(const std::string& path, std::uint32_t mask);
        void remove(int watch);  // no-op when the kernel has removed it

    private:
        friend class Inotify;
        Inotify& inotify_;
        std::function<void(const FileNotice&)> on_notice_;
        std::unordered_set<int> watches_;
    };

private:
    explicit Inotify(UniqueFd fd);
    void read_notices();
    bool read_some();
    void tell(const FileNotice& notice);
    void drop(Client& client, int watch);

    UniqueFd fd_;
    std::optional<PollFd> readable_;
    std::vector<Client*> clients_;
    std::unordered_map<int, std::vector<Client*>> users_;  // by watch
    std::chrono::system_clock::time_point empty_at_;       // the kernel's queue, for the last time
};

// What errno says of a failed watch, with the name of the sysctl where a limit was reached.
Error watch_error(const std::string& path, int error_number);

}  // namespace kpm::io
