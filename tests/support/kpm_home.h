#pragma once
// A home of its own for one test, with the built programs: `kpm` commands in it, its daemon ended with it.
// The test's working directory is a folder beside the home.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ipc/base/json.h"
#include "tests/support/command.h"
#include "tests/support/free_port.h"

namespace kpm::test {

class KpmHome {
public:
    explicit KpmHome(std::map<std::string, std::string> env = {});
    // `kpm kill`; then no process of this home may be left, or the test program aborts.
    ~KpmHome();
    KpmHome(const KpmHome&) = delete;
    KpmHome& operator=(const KpmHome&) = delete;

    CommandResult kpm(std::vector<std::string> args) const;
    // The rows of jlist.
    Json list() const;
    // The first row of that name; null when there is none.
    Json find(const std::string& name) const;

    const std::filesystem::path& home() const { return home_; }
    const std::filesystem::path& work() const { return work_; }
    std::string write(const std::string& name, const std::string& text) const;  // -> its absolute path
    std::string read(const std::filesystem::path& path) const;
    std::string daemon_log() const;
    int daemon_pid() const;  // of kpmd; 0 = no pid file
    const std::map<std::string, std::string>& env() const { return env_; }

private:
    std::filesystem::path root_, home_, work_;
    std::map<std::string, std::string> env_;
};

// Where the built programs are.
std::filesystem::path bin_dir();
std::filesystem::path source_dir();
// The real pm2's command line, which ctest has installed for the tests that ask for it.
std::filesystem::path pm2_program();
// A name for `kill -0`: is there such a process (not a zombie)?
bool is_running(int pid);

}  // namespace kpm::test
