#include "daemon/io/app_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "daemon/io/file_access.h"
#include "ipc/base/own_links.h"

namespace kpm::io {
namespace {

constexpr mode_t kAppFileMode = 0666;  // less the umask

std::optional<Identity> as_optional(const FileOwner& owner) {
    return owner ? std::optional(*owner) : std::nullopt;
}

bool may_not(int error_number) {
    return error_number == EACCES || error_number == EPERM;
}

}  // namespace

Result<FileOwner> file_owner(const std::string& user, const std::string& group) {
    if ((user.empty() && group.empty()) || ::geteuid() != 0) return FileOwner();
    auto identity = look_up_user(user.empty() ? std::to_string(::geteuid()) : user, group);
    if (!identity) return identity.error();
    if (is_own_identity(*identity)) return FileOwner();
    return FileOwner(std::make_shared<const Identity>(*std::move(identity)));
}

FileOwner nobodys_files() {
    return std::make_shared<const Identity>(
        Identity{.uid = 65534, .gid = 65534, .groups = {}, .name = {}, .home = {}});
}

Result<UniqueFd> open_app_file(std::string_view verb, const std::string& path, int flags,
                               const FileOwner& owner) {
    UniqueFd file;
    int failure = 0;
    {
        const FileAccess as_the_app(as_optional(owner));
        file.reset(::open(path.c_str(), flags, kAppFileMode));
        failure = errno;
    }
    if (file) return file;
    if (owner && may_not(failure)) return open_by_own_links(verb, path, flags);
    return os_error(verb, path, failure);
}

Result<void> make_app_folders(const std::string& path, const FileOwner& owner) {
    std::error_code failure;
    {
        const FileAccess as_the_app(as_optional(owner));
        std::filesystem::create_directories(path, failure);
    }
    if (!failure) return {};
    if (owner && may_not(failure.value())) return make_folders_by_own_links(path);
    return os_error("create", path, failure.value());
}

void remove_app_file(const std::string& path, const FileOwner& owner) {
    {
        const FileAccess as_the_app(as_optional(owner));
        if (::unlink(path.c_str()) == 0 || !owner || !may_not(errno)) return;
    }
    const std::filesystem::path whole(path);
    const auto folder =
        open_by_own_links("open", whole.parent_path().string(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder) ::unlinkat(folder->get(), whole.filename().c_str(), 0);
}

}  // namespace kpm::io
