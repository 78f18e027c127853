#pragma once
// A listening Unix socket of the home: accepts clients and hands their sockets over. Out of descriptors it
// waits a moment instead of spinning on the backlog.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/io/loop.h"
#include "daemon/io/poll_fd.h"
#include "daemon/io/timer.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// Whom a socket file is given to: who may open it is then the file system's affair.
struct SocketOwner {
    uid_t user = 0;
    gid_t group = 0;
};

// Who has connected, as the kernel knew it then.
struct SocketPeer {
    pid_t pid = 0;  // 0: of a pid namespace that is not this one or below it
    uid_t user = 0;
};

class SocketListener {
public:
    struct Callbacks {
        // The socket is non-blocking, close-on-exec.
        std::function<void(UniqueFd socket, const SocketPeer& peer)> on_client;
        std::function<void(std::string line)> on_notice;
    };

    // Binds `path`; Exists when something is there already. Without an owner only this user and root get in;
    // with one, who may write to the file, mode 0660.
    static Result<std::unique_ptr<SocketListener>> open(Loop& loop, const std::filesystem::path& path,
                                                        Callbacks callbacks,
                                                        const std::optional<SocketOwner>& owner = {});
    // Removes the socket file if it is still this listener's.
    ~SocketListener();
    SocketListener(const SocketListener&) = delete;
    SocketListener& operator=(const SocketListener&) = delete;

private:
    SocketListener(Loop& loop, std::filesystem::path path, UniqueFd socket, Callbacks callbacks);
    void accept_some();
    void admit(UniqueFd client);
    void back_off(int reason);

    std::filesystem::path path_;
    Callbacks callbacks_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    bool is_backing_off_ = false;
    bool admits_all_ = false;
    UniqueFd socket_;
    std::unique_ptr<PollFd> poll_;
    Timer retry_;
};

}  // namespace kpm::io
