#pragma once
// A container as far as a process can tell: namespaces of its own for processes and mounts, a root that
// cannot be written, a fresh /tmp, the built programs in /mnt and a writable folder in /srv, and no more
// rights than an engine gives by default (container_filter.cpp). No image, no network of its own. Needs root.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/command.h"
#include "tests/support/temp_dir.h"

namespace kpm::test {

class Container {
public:
    struct Options {
        std::vector<std::string> env;  // "NAME=value", beside PATH: there is nothing else
        unsigned uid = 0;              // of the first process
        bool has_old_engine = false;   // that knows no system call since Linux 5.4
    };

    // The files come before the start.
    Container();
    explicit Container(Options options);
    ~Container();  // all of it is killed
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;

    void write(const std::string& name, const std::string& text) const;  // in /srv, executable
    std::string read(const std::string& name) const;                     // of /srv; "" = not there

    // The first process: a program of /mnt or of PATH.
    void start(std::vector<std::string> argv);
    // As `docker stop` and `docker kill` do.
    void signal(int signo) const;
    // The container's exit code; kLateStatus when it goes on for longer.
    int wait(std::chrono::milliseconds limit = std::chrono::seconds{60});
    bool is_running();
    // As `docker exec`.
    CommandResult exec(std::vector<std::string> argv) const;

    std::string out() const;  // of the first process, up to now
    std::string err() const;
    pid_t pid() const { return first_; }  // of the first process, as the host sees it

private:
    std::vector<std::string> entering(std::vector<std::string> argv) const;

    Options options_;
    TempDir folder_;
    pid_t outer_ = 0;  // unshare, the parent of the first process; 0 = ended
    pid_t first_ = 0;
    int status_ = -1;
};

}  // namespace kpm::test
