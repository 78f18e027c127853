#include "ipc/dump_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "ipc/base/unique_fd.h"

namespace kpm::ipc {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDamaged = 1000;  // names that are tried for one that is put aside

// Newest first.
std::array<fs::path, 4> generations(const Home& home) {
    const std::string backup = home.dump_backup();
    return {home.dump(), backup, backup + ".2", backup + ".3"};
}

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return os_error("write", path, errno);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> write_new(const std::string& path, std::string_view text) {
    // The dump holds the apps' whole environment, secrets included.
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!file) return os_error("create", path, errno);
    if (const auto written = write_all(file.get(), text, path); !written) return written;
    if (::fsync(file.get()) != 0) return os_error("write", path, errno);
    return {};
}

// A rename is on the disk when its folder is.
Result<void> sync_folder(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // EINVAL: a file system that cannot.
    if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) return os_error("write", folder.string(), errno);
    return {};
}

// A second name for a file, that of another being left alone; where the file system knows no links, its only
// one.
bool link_or_move(const fs::path& from, const fs::path& to) {
    if (::link(from.c_str(), to.c_str()) == 0) return true;
    if (errno != EPERM && errno != EOPNOTSUPP) return false;
    if (fs::exists(to)) {
        errno = EEXIST;
        return false;
    }
    return std::rename(from.c_str(), to.c_str()) == 0;
}

std::optional<std::string> read_text(const fs::path& path, Error& error) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 65536> part;
    ssize_t count = file ? 1 : -1;
    while (count > 0) {
        do count = ::read(file.get(), part.data(), part.size());
        while (count < 0 && errno == EINTR);
        if (count > 0) text.append(part.data(), static_cast<std::size_t>(count));
    }
    if (count == 0) return text;
    error = os_error("read", path.string(), errno);
    return std::nullopt;
}

// Names, not contents, are moved: a second link to the old file takes the generation's place at once.
Result<void> shift_generations(const Home& home) {
    const auto paths = generations(home);
    const fs::path link = home.dump_backup().string() + ".new";
    ::unlink(link.c_str());
    if (!link_or_move(paths[0], link))
        return errno == ENOENT ? Result<void>() : os_error("keep", paths[0].string(), errno);
    for (std::size_t i = paths.size() - 1; i > 1; --i)
        if (std::rename(paths[i - 1].c_str(), paths[i].c_str()) != 0 && errno != ENOENT)
            return os_error("replace", paths[i].string(), errno);
    if (std::rename(link.c_str(), paths[1].c_str()) != 0)
        return os_error("replace", paths[1].string(), errno);
    return {};
}

// Where it went, nullopt when it could not be moved.
std::optional<fs::path> put_aside(const fs::path& path) {
    for (int i = 1; i <= kMaxDamaged; ++i) {
        const fs::path aside = path.string() + (i == 1 ? ".damaged" : fmt::format(".damaged.{}", i));
        if (link_or_move(path, aside)) {
            ::unlink(path.c_str());
            return aside;
        }
        if (errno != EEXIST) return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

Result<void> write_dump(const Home& home, std::string_view text) {
    const std::string path = home.dump();
    Error unread;
    if (const auto now = read_text(path, unread); now && *now == text) return {};
    const std::string fresh = path + ".new";
    auto written = write_new(fresh, text);
    if (written) written = shift_generations(home);
    if (written && std::rename(fresh.c_str(), path.c_str()) != 0) written = os_error("replace", path, errno);
    if (!written) {
        ::unlink(fresh.c_str());
        return written;
    }
    return sync_folder(home.root());
}

std::string fault_of_dump(const Json& apps) {
    if (apps.is_discarded()) return "it is no JSON, or was cut short";
    if (!apps.is_array()) return "it is no array";
    for (const Json& app : apps) {
        if (!app.is_object()) return "an element of it is no object";
        const auto version = app.find(kDumpVersionKey);
        if (version == app.end()) continue;
        if (!version->is_number_integer() || *version > kDumpVersion)
            return fmt::format("a later kpm wrote it (version {})", version->dump());
    }
    return "";
}

Result<ReadDump> read_dump(const Home& home) {
    ReadDump dump;
    for (const fs::path& path : generations(home)) {
        Error unread;
        const auto text = read_text(path, unread);
        if (!text) {
            if (fs::exists(fs::symlink_status(path))) dump.warnings.push_back(unread.message);
            continue;
        }
        dump.apps = parse_json(*text);
        const std::string fault = fault_of_dump(dump.apps);
        if (fault.empty()) {
            dump.file = path;
            return dump;
        }
        const auto aside = put_aside(path);
        dump.warnings.push_back(fmt::format("cannot restore '{}': {}{}", path.string(), fault,
                                            aside ? fmt::format("; kept as '{}'", aside->string()) : ""));
    }
    std::string message = "No processes saved; DUMP file doesn't exist";
    for (const std::string& warning : dump.warnings) message += "\n" + warning;
    return Error{ErrorCode::NotFound, message};
}

}  // namespace kpm::ipc
