#pragma once
// What a path leads to, for those who watch it.

#include <chrono>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace kpm::io {

// A file apart from its names. The numbers of a deleted file may come again.
struct FileIdentity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;

    bool operator==(const FileIdentity&) const = default;
};

struct FileStatus {
    FileIdentity identity;
    bool is_directory = false;
    // Within the last seconds. Tells the changed attribute of a `touch` from that of a chmod.
    bool is_just_modified = false;
    std::chrono::system_clock::time_point modified{};
};

std::chrono::system_clock::time_point time_of(const timespec& time);

// Follows links. Nothing: errno says why.
std::optional<FileStatus> status_of(const std::string& path);
bool is_link(const std::string& path);
// DT_DIR, DT_LNK, DT_REG for all else, DT_UNKNOWN when it is gone.
unsigned char entry_type(const std::string& path);

std::string join_path(const std::string& directory, std::string_view name);
// Without symbolic links, as far as the path exists; empty: it is the path itself.
std::string real_path(const std::string& path);

}  // namespace kpm::io
