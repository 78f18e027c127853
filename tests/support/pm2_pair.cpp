#include "tests/support/pm2_pair.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "tests/support/eventually.h"
#include "tests/support/process_table.h"

namespace kpm::test {
namespace {

// Generous: each command of pm2 starts a Node, which takes its time on a busy machine.
constexpr std::chrono::minutes kLimit{3};

// No looking for updates, no agent, no colours.
std::map<std::string, std::string> quiet(std::map<std::string, std::string> env) {
    env.insert({{"PM2_DISABLE_VERSION_CHECK", "true"}, {"PM2_NO_INTERACTION", "true"}, {"FORCE_COLOR", ""}});
    return env;
}

std::vector<std::string> with_input(std::vector<std::string> argv, const std::string& input) {
    if (!input.empty())
        argv.insert(argv.begin(), {"sh", "-c", "input=$1; shift; exec \"$@\" <\"$input\"", "sh", input});
    return argv;
}

}  // namespace

Pm2Pair::Pm2Pair(std::map<std::string, std::string> env)
    : kpm_(quiet(std::move(env))), pm2_home_(kpm_.home().parent_path() / "pm2h"), env_(kpm_.env()) {
    env_["PWD"] = kpm_.work();  // what both take for the shell's directory
}

Pm2Pair::~Pm2Pair() {
    run_pm2({"kill"});
    if (eventually([&] { return processes_with("PM2_HOME", pm2_home_).empty(); }, kLimit)) return;
    std::cerr << "processes of pm2 are left" << std::endl;
    std::abort();
}

CommandResult Pm2Pair::run_pm2(std::vector<std::string> args, const std::string& input) const {
    args.insert(args.begin(), pm2_program());
    std::map<std::string, std::string> env = env_;
    env["PM2_HOME"] = pm2_home_;
    env["KPM_HOME"] = "";
    return run_command(with_input(std::move(args), input), env, kpm_.work(), kLimit);
}

CommandResult Pm2Pair::run_kpm(std::vector<std::string> args, const std::string& input) const {
    args.insert(args.begin(), bin_dir() / "kpm");
    return run_command(with_input(std::move(args), input), env_, kpm_.work(), kLimit);
}

Pm2Pair::Results Pm2Pair::run(const std::vector<std::string>& args) const {
    return {run_pm2(args), run_kpm(args)};
}

Json Pm2Pair::pm2_list() const {
    const CommandResult result = run_pm2({"jlist"});
    Json rows = Json::parse(result.out, nullptr, false);
    if (!rows.is_array()) throw std::runtime_error("pm2 jlist: " + result.out + result.err);
    return rows;
}

Json Pm2Pair::kpm_list() const {
    return kpm_.list();
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.insert(entry.path().filename());
    return names;
}

}  // namespace kpm::test
