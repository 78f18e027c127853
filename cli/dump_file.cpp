#include "cli/dump_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "ipc/base/unique_fd.h"

namespace kpm::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOfOneRun[] = {"pm_id", "instances", "prev_restart_delay"};

Result<void> write_whole(int fd, const std::string& path, std::string_view text) {
    while (!text.empty()) {
        const ssize_t size = write(fd, text.data(), text.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return os_error("write", path, errno);
        text.remove_prefix(static_cast<std::size_t>(size));
    }
    if (fsync(fd) != 0) return os_error("write", path, errno);
    return {};
}

// nullopt: cannot be read or is no dump; `warning` tells which.
std::optional<Json> read_one(const fs::path& path, std::string& warning) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    if (!file || !(text << file.rdbuf())) {
        warning = fmt::format("Failed to read dump file in {}", path.string());
        return std::nullopt;
    }
    Json apps = Json::parse(text.str(), nullptr, false);
    if (apps.is_array()) return apps;
    warning = fmt::format("Failed to parse dump file in {}", path.string());
    return std::nullopt;
}

}  // namespace

Json dump_of(const std::vector<ProcessRow>& rows) {
    Json dump = Json::array();
    for (const ProcessRow& row : rows) {
        if (row.is_module) continue;
        Json env = row.env();
        for (const char* key : kOfOneRun) env.erase(key);
        dump.push_back(std::move(env));
    }
    return dump;
}

Result<void> write_dump(const ipc::Home& home, const Json& dump) {
    const std::string path = home.dump().string();
    std::error_code problem;
    if (fs::exists(path, problem)) {
        fs::copy_file(path, home.dump_backup(), fs::copy_options::overwrite_existing, problem);
        if (problem) return os_error("write", home.dump_backup().string(), problem.value());
    }
    const std::string beside = path + ".new";
    const UniqueFd file(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return os_error("write", beside, errno);
    const std::string text = dump.dump(2, ' ', false, Json::error_handler_t::replace);
    if (auto written = write_whole(file.get(), beside, text); !written) return written;
    if (rename(beside.c_str(), path.c_str()) != 0) return os_error("write", path, errno);
    return {};
}

Result<ReadDump> read_dump(const ipc::Home& home) {
    ReadDump dump;
    for (const fs::path& path : {home.dump(), home.dump_backup()}) {
        std::string warning;
        if (auto apps = read_one(path, warning)) {
            dump.apps = std::move(*apps);
            return dump;
        }
        dump.warnings.push_back(std::move(warning));
    }
    return Error{ErrorCode::NotFound, "No processes saved; DUMP file doesn't exist"};
}

}  // namespace kpm::cli
