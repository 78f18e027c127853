#pragma once
// Paths that lead through folders of other users, for a process that may do more than those (root): whoever
// may write such a folder can put a link into it, and what is made or written would be a file of his choice.
// So no link counts but root's and one's own, wherever in the path, and no file that has another name too.

#include <string>
#include <string_view>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"

namespace kpm {

// As open(2) with mode 0666. Without O_TRUNC: what has been opened is looked at first.
Result<UniqueFd> open_by_own_links(std::string_view verb, const std::string& path, int flags);
// The folder and those that it is in, as far as they are not there.
Result<void> make_folders_by_own_links(const std::string& path);

}  // namespace kpm
