#pragma once
// A file that is complete or not there: written beside its place, and moved there by keep(). Until then what
// stood there stays as it was. What is no regular file (/dev/stdout) is written at once. Used by programs
// that put out several files and want all or none of them.

#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::render {

class NewFile {
public:
    // Errors: of the file system, with `path` as it was given; nothing is left then.
    static Result<NewFile> write(const std::string& path, std::string_view bytes);

    NewFile(NewFile&& other) noexcept;
    NewFile& operator=(NewFile&&) = delete;
    ~NewFile();  // removes what was not kept

    Result<void> keep();

private:
    NewFile(std::string path, std::string target, std::string beside)
        : path_(std::move(path)), target_(std::move(target)), beside_(std::move(beside)) {}

    std::string path_;    // as given
    std::string target_;  // behind symbolic links
    std::string beside_;  // empty: in its place
};

}  // namespace kpm::render
