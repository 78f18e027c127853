#pragma once
// The served folder on the disk. What a symbolic link makes of a path counts: a file is given out only when
// it lies below the folder in the end. The folder itself may be a link; it is looked up for every request, so
// that a deployment can swap it.

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ipc/base/result.h"
#include "ipc/base/unique_fd.h"
#include "serve/listing.h"

namespace kpm::serve {

struct SiteEntry {
    UniqueFd fd;  // of a file: for reading, from its start
    bool is_folder = false;
    std::uint64_t size = 0;
    timespec modified{};
};

class Site {
public:
    explicit Site(std::string folder) : folder_(std::move(folder)) {}

    const std::string& folder() const { return folder_; }

    // `path` as in TargetPath. NotFound; Denied: outside of the folder, unreadable, neither file nor folder.
    Result<SiteEntry> open(const std::string& path) const;
    // Without hidden names and without what cannot be looked at.
    Result<std::vector<FolderEntry>> list(const SiteEntry& folder) const;

private:
    std::string folder_;
};

}  // namespace kpm::serve
