#pragma once
// The files that kpmd makes and writes for an app: logs, pid file. Those of an app that runs as another user
// are reached as that user, who may have put links into their folders. What the user may not reach (logs in
// root's home) kpmd reaches itself, but by no link of others (ipc/base/own_links.h).

#include <memory>
#include <string>
#include <string_view>

#include "daemon/io/user_lookup.h"
#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm::io {

// Shared by a process's files, which close at different times. Null: as kpmd itself.
using FileOwner = std::shared_ptr<const Identity>;

// For an app with these attributes ("" = the daemon's). Null also without root, which has no choice.
Result<FileOwner> file_owner(const std::string& user, const std::string& group);
// Who may do nothing, in the place of a user that is not known any more.
FileOwner nobodys_files();

// As open(2) with mode 0666.
Result<UniqueFd> open_app_file(std::string_view verb, const std::string& path, int flags,
                               const FileOwner& owner);
Result<void> make_app_folders(const std::string& path, const FileOwner& owner);
void remove_app_file(const std::string& path, const FileOwner& owner);

}  // namespace kpm::io
