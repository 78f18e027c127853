#pragma once
// A real kpm-keeper in a home of its own, with a test that plays kpmd (tests/support/fake_kpmd.cpp). Whatever
// lives under the keeper when the fixture ends is killed.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/io/keeper_link.h"

namespace kpm::test {

inline constexpr std::chrono::seconds kDeadline{20};

// Polls `condition` until it holds; false at the deadline.
bool eventually(const std::function<bool()>& condition);

class TempDir {
public:
    TempDir();
    ~TempDir();
    const std::string& path() const { return path_; }
    std::string read(const std::string& name) const;

private:
    std::string path_;
};

struct Reply {
    keeper::Message message;
    std::vector<UniqueFd> fds;
};

// One life of the fake kpmd, as the test holds it.
class FakeKpmd {
public:
    FakeKpmd(UniqueFd control, UniqueFd link, UniqueFd ready)
        : control_(std::move(control)), link_(std::move(link)), ready_(std::move(ready)) {}

    bool has_ready_fd() const { return static_cast<bool>(ready_); }
    void say_ready(std::string_view text = "ready\n");
    io::Inventory inventory();

    void send(const keeper::Message& message, const std::vector<int>& fds = {});
    // The next message; fails the test at the deadline.
    Reply receive();
    std::optional<Reply> receive_now();  // nullopt: none there
    Reply spawn(std::uint64_t token, const io::SpawnRequest& request);
    // The Exited of `token`; fails the test if something else comes.
    io::KeeperExit wait_exit(std::uint64_t token);

    int link() const { return link_.get(); }
    int next_signal();
    // Both end the fake process, and with it this end of the link.
    void exit(int code);
    void kill();

private:
    UniqueFd control_;
    UniqueFd link_;
    UniqueFd ready_;
};

class KeeperFixture {
public:
    KeeperFixture();
    ~KeeperFixture();

    using Environment = std::map<std::string, std::string>;
    // In the foreground, stderr to home/keeper.err.
    void start(const Environment& extra = {}, const std::string& daemon = {}, bool foreground = true);
    // Runs until the fake kpmd has connected.
    FakeKpmd accept();
    // start, accept, inventory, ready.
    FakeKpmd start_ready();

    pid_t pid() const { return keeper_; }
    void set_pid(pid_t pid) { keeper_ = pid; }
    const TempDir& home() const { return home_; }
    // The keeper's exit status as of waitpid, within the deadline.
    std::optional<int> wait();
    // What came out of KPM_READY_FD until its end.
    std::string read_ready();

private:
    TempDir home_;
    UniqueFd listener_;
    UniqueFd ready_;
    pid_t keeper_ = -1;
    bool is_child_ = false;
};

io::SpawnRequest shell(const std::string& script);
UniqueFd memfd_of(const io::SpawnRequest& request);

}  // namespace kpm::test
