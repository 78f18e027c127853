#pragma once
// The real pm2 under its own daemon and kpm under its own, each in a home of its own, in one working
// directory: what is done to one is done to the other.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ipc/base/json.h"
#include "tests/support/command.h"
#include "tests/support/kpm_home.h"

namespace kpm::test {

class Pm2Pair {
public:
    explicit Pm2Pair(std::map<std::string, std::string> env = {});
    // Both daemons are ended; the test program aborts when one is left.
    ~Pm2Pair();
    Pm2Pair(const Pm2Pair&) = delete;
    Pm2Pair& operator=(const Pm2Pair&) = delete;

    struct Results {
        CommandResult pm2, kpm;
    };
    Results run(const std::vector<std::string>& args) const;
    // Homes of the same length, so that tables with paths in them are equally wide.
    // `input`: a file of the working directory for the command to read.
    CommandResult run_pm2(std::vector<std::string> args, const std::string& input = "") const;
    CommandResult run_kpm(std::vector<std::string> args, const std::string& input = "") const;

    // The rows of jlist. Throws when it is none.
    Json pm2_list() const;
    Json kpm_list() const;
    const std::filesystem::path& pm2_home() const { return pm2_home_; }
    const std::filesystem::path& kpm_home() const { return kpm_.home(); }
    const KpmHome& kpm() const { return kpm_; }

private:
    KpmHome kpm_;
    std::filesystem::path pm2_home_;
    std::map<std::string, std::string> env_;
};

// The names of the files in a folder.
std::set<std::string> files_in(const std::filesystem::path& folder);

}  // namespace kpm::test
