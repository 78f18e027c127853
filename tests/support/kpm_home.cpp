#include "tests/support/kpm_home.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "tests/support/eventually.h"

namespace kpm::test {
namespace {

std::string text_of(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::filesystem::path from_variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) throw std::runtime_error(std::string(name) + " is not set: run the tests through ctest");
    return value;
}

}  // namespace

std::filesystem::path bin_dir() {
    return from_variable("KPM_BIN_DIR");
}
std::filesystem::path source_dir() {
    return from_variable("KPM_SOURCE_DIR");
}
std::filesystem::path pm2_program() {
    return from_variable("KPM_PM2");
}

bool is_running(int pid) {
    const std::string stat = text_of("/proc/" + std::to_string(pid) + "/stat");
    const auto end = stat.rfind(')');
    return end != std::string::npos && end + 2 < stat.size() && stat[end + 2] != 'Z' && stat[end + 2] != 'X';
}

KpmHome::KpmHome(std::map<std::string, std::string> env) : env_(std::move(env)) {
    std::string pattern = std::filesystem::temp_directory_path() / "kpm-test-XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp");
    root_ = pattern;
    home_ = root_ / "home";
    work_ = root_ / "work";
    std::filesystem::create_directories(work_);
    env_["KPM_HOME"] = home_;
    env_["PM2_HOME"] = home_;
    env_["PM2_DISCRETE_MODE"] = "1";
    env_["NO_COLOR"] = "1";
    env_["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0";
}

KpmHome::~KpmHome() {
    const int pid = daemon_pid();
    if (pid > 0 && is_running(pid)) kpm({"kill"});
    const bool is_gone = pid <= 0 || eventually([&] { return !is_running(pid); });
    const std::string log = daemon_log();
    // What a sanitizer found in the daemon would be lost with the folder.
    if (log.find("Sanitizer") != std::string::npos || log.find("runtime error") != std::string::npos) {
        std::cerr << "the daemon's log:\n" << log << std::endl;
        std::abort();
    }
    if (!is_gone) {
        std::cerr << "kpmd " << pid << " is still there\n" << log << std::endl;
        std::abort();
    }
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
}

CommandResult KpmHome::kpm(std::vector<std::string> args) const {
    args.insert(args.begin(), bin_dir() / "kpm");
    return run_command(args, env_, work_);
}

Json KpmHome::list() const {
    const CommandResult result = kpm({"jlist"});
    Json rows = Json::parse(result.out, nullptr, false);
    if (result.status != 0 || !rows.is_array())
        throw std::runtime_error("jlist: " + result.out + result.err + daemon_log());
    return rows;
}

Json KpmHome::find(const std::string& name) const {
    for (const Json& row : list())
        if (row.at("name") == name) return row;
    return {};
}

std::string KpmHome::write(const std::string& name, const std::string& text) const {
    const auto path = work_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
}

std::string KpmHome::read(const std::filesystem::path& path) const {
    return text_of(path);
}

std::string KpmHome::daemon_log() const {
    return text_of(home_ / "pm2.log");
}

int KpmHome::daemon_pid() const {
    const std::string text = text_of(home_ / "pm2.pid");
    return text.empty() ? 0 : std::atoi(text.c_str());
}

}  // namespace kpm::test
