#pragma once
// Many borrowed descriptors behind one libuv handle: an epoll instance inside the loop's own. A uv_poll_t for
// each takes four system calls to begin and two for each change, and three times the memory; an app has three
// such descriptors. Belongs to a Loop; used through PollFd.

#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "daemon/io/uv_owned.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

class PollSet {
public:
    struct Member {
        PollSet& set;
        int fd;
        std::function<void(int events)> on_ready;
        int events = 0;  // that it waits for, see PollFd
    };
    struct Remove {
        void operator()(Member* member) const { member->set.remove(member); }
    };
    // Has to end before the set does; may do so in any member's callback, its own too.
    using Owned = std::unique_ptr<Member, Remove>;

    static Result<std::unique_ptr<PollSet>> open(uv_loop_t* loop);
    bool is_empty() const { return size_ == 0; }

    // Makes `fd` non-blocking; waits for nothing yet. Fails for one that is a member.
    Result<Owned> add(int fd, std::function<void(int events)> on_ready);
    // Replaces what it waits for; 0: nothing. Fails for what cannot be polled, such as a file.
    Result<void> watch(Member& member, int events);

private:
    struct Box {
        uv_poll_t handle;
    };
    explicit PollSet(UniqueFd epoll) : epoll_(std::move(epoll)) {}
    void remove(Member* member);
    void set_waiting(std::size_t count);
    void dispatch();
    void tell(Member& member, std::uint32_t bits);

    UniqueFd epoll_;
    UvOwned<Box> poll_;             // after epoll_: it must go first
    std::vector<Member*> members_;  // by descriptor
    std::size_t size_ = 0;
    std::size_t waiting_ = 0;  // members that wait for something: without any the loop may end
    bool is_dispatching_ = false;
    std::vector<std::unique_ptr<Member>> removed_;  // meanwhile: one may be in its callback
};

}  // namespace kpm::io
