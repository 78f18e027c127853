#include "daemon/io/zone_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {
namespace {

using core::TimeZone;

constexpr std::size_t kLargestFile = 1 << 20;
constexpr const char* kLocalTime = "/etc/localtime";

Error cannot_load(std::string_view name, ErrorCode code, std::string_view reason) {
    return {code, fmt::format("cannot load time zone '{}': {}", name, reason)};
}

std::string zone_folder() {
    const char* folder = std::getenv("TZDIR");
    return folder && *folder ? folder : "/usr/share/zoneinfo";
}

Error cannot_open(std::string_view name, int error_number) {
    if (error_number != ENOENT && error_number != ENOTDIR)
        return cannot_load(name, ErrorCode::Io, std::strerror(error_number));
    const std::string folder = zone_folder();
    if (::access(folder.c_str(), F_OK) != 0)
        return cannot_load(name, ErrorCode::NotFound,
                           fmt::format("there is no '{}', install the package tzdata", folder));
    return cannot_load(name, ErrorCode::NotFound, "no such time zone");
}

Result<TimeZone> read_zone(std::string_view name, const std::string& path) {
    // A path from TZ may be anything, and a pipe would wait for its writer.
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return cannot_open(name, errno);
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) return cannot_load(name, ErrorCode::Io, std::strerror(errno));
    if (!S_ISREG(status.st_mode)) return cannot_load(name, ErrorCode::Invalid, "it is not a file");

    std::string bytes;
    char buffer[8192];
    while (true) {
        const ssize_t count = ::read(file.get(), buffer, sizeof buffer);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return cannot_load(name, ErrorCode::Io, std::strerror(errno));
        if (count == 0) break;
        bytes.append(buffer, static_cast<std::size_t>(count));
        if (bytes.size() > kLargestFile)
            return cannot_load(name, ErrorCode::Invalid, "the file is too large");
    }
    const Result<TimeZone> zone = TimeZone::parse_tzif(bytes);
    if (!zone) return cannot_load(name, zone.error().code, zone.error().message);
    return *zone;
}

Result<TimeZone> load_named(std::string_view name) {
    if (name.starts_with('/')) return cannot_load(name, ErrorCode::Invalid, "it is a path, not a name");
    if (name.find('\0') != std::string_view::npos || std::ranges::count(split(name, '/'), "..") > 0)
        return cannot_load(name, ErrorCode::Invalid, "it is not a name");
    if (name == "UTC" || name == "Etc/UTC") return TimeZone();
    return read_zone(name, fmt::format("{}/{}", zone_folder(), name));
}

// libc's reading of TZ: empty is UTC, a leading colon means nothing, and what is no file may be a rule.
Result<TimeZone> load_from_variable(std::string_view value) {
    if (value.starts_with(':')) value.remove_prefix(1);
    if (value.empty()) return TimeZone();
    if (value.starts_with('/')) return read_zone(value, std::string(value));
    Result<TimeZone> zone = load_named(value);
    if (zone || zone.error().code != ErrorCode::NotFound) return zone;
    if (Result<TimeZone> rule = TimeZone::parse_rule(value)) return rule;
    return zone;
}

}  // namespace

Result<TimeZone> load_zone(std::string_view name) {
    if (!name.empty()) return load_named(name);
    if (const char* variable = std::getenv("TZ")) return load_from_variable(variable);
    if (::access(kLocalTime, F_OK) != 0) return TimeZone();
    return read_zone(kLocalTime, kLocalTime);
}

}  // namespace kpm::io
