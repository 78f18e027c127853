#pragma once
// A file that is complete or not there: written beside its place, and moved there by keep(). Until then what
// stood there stays as it was. What is no regular file (/dev/stdout) is written at once. Used by programs
// that put out several files and want all or none of them.
//
// A file that may be written but not replaced (the folder is read-only or another user's, or the file itself
// is a mount, as a container's often is) is overwritten by keep(); only there can a full disk leave a part.

#include <optional>
#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::render {

class NewFile {
public:
    // Errors: of the file system, with `path` as it was given; nothing is left then.
    static Result<NewFile> write(const std::string& path, std::string_view bytes);
    // Standard output in a file's place: keep() writes the bytes, and only it.
    static NewFile standard_output(std::string bytes);

    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();  // removes what was not kept

    Result<void> keep();

private:
    NewFile(std::string path, std::string target) : path_(std::move(path)), target_(std::move(target)) {}

    Result<void> overwrite(std::string_view bytes) const;

    bool is_standard_output_ = false;
    std::string path_;    // as given
    std::string target_;  // behind symbolic links
    std::string beside_;  // the file to be moved; empty: none
    std::optional<std::string>
        waiting_;  // what is to be written over the target, where nothing may stand beside it
};

}  // namespace kpm::render
